//! Each target with its kept inputs, and with random changes of those.
//!
//! `NTPIPE_FUZZ_SEED` repeats a run, `NTPIPE_FUZZ_ROUNDS` makes it longer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ntpipe_fuzz::TARGETS;

const ROUNDS: u64 = 3000;
const LEN_MAX: usize = 8192;

fn fuzz_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let dir = fuzz_dir().join("corpus").join(target);
    let mut paths: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Random numbers that a seed repeats (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// Changes one thing.
fn mutate(input: &mut Vec<u8>, inputs: &[Vec<u8>], dice: &mut Dice) {
    const LIMITS: [u64; 8] = [0, 1, 0x7F, 0x80, 0xFFFF, 1 << 27, 1 << 31, u64::MAX];
    let at = dice.below(input.len() + 1);
    let end = at + dice.below((input.len() - at + 1).min(40));
    match dice.below(7) {
        0 if at < input.len() => input[at] ^= 1 << dice.below(8),
        1 if at < input.len() => input[at] = dice.byte(),
        2 => drop(input.drain(at..end)),
        3 => {
            let copy = input[at..end].to_vec();
            let to = dice.below(input.len() + 1);
            input.splice(to..to, copy);
        }
        4 => {
            let other = &inputs[dice.below(inputs.len())];
            let from = dice.below(other.len() + 1);
            let to = from + dice.below(other.len() - from + 1);
            input.splice(at..end, other[from..to].iter().copied());
        }
        5 => {
            let limit = LIMITS[dice.below(LIMITS.len())].to_le_bytes();
            let len = [1, 2, 4, 8][dice.below(4)];
            for (byte, new) in input[at..].iter_mut().zip(&limit[..len]) {
                *byte = *new;
            }
        }
        _ => input.insert(at, dice.byte()),
    }
    input.truncate(LEN_MAX);
}

/// Whether the target accepts the input.
fn run(target: fn(&[u8]) -> bool, input: &[u8], told: &str) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(input)))
        .unwrap_or_else(|_| panic!("{told}, on {}", input.escape_ascii()))
}

#[test]
fn kept_inputs_and_changes_of_them_break_no_promise() {
    let fresh =
        || u64::from(std::process::id()) ^ std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let seed = number("NTPIPE_FUZZ_SEED").unwrap_or_else(fresh);
    println!("NTPIPE_FUZZ_SEED={seed}");
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        let accepted = inputs.iter().filter(|input| run(*target, input, name)).count();
        assert!(
            0 < accepted && accepted < inputs.len(),
            "{accepted} inputs of {name} are accepted"
        );
        let mut dice = Dice(seed);
        for _ in 0..number("NTPIPE_FUZZ_ROUNDS").unwrap_or(ROUNDS) {
            let mut input = inputs[dice.below(inputs.len())].clone();
            for _ in 0..=dice.below(4) {
                mutate(&mut input, &inputs, &mut dice);
            }
            run(*target, &input, &format!("{name}, NTPIPE_FUZZ_SEED={seed}"));
        }
    }
}

#[test]
fn every_target_has_a_program_and_inputs() {
    let names = |dir: &str| {
        let entries = std::fs::read_dir(fuzz_dir().join(dir)).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let targets: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
}

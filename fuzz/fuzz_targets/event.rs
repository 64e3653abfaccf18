#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    ntpipe_fuzz::event(data);
});

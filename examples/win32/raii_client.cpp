// The client as C++ writes it: a class owns the handle, strings carry the messages, errors are exceptions.
//
// raii_client COUNT [PIPE]
#include <windows.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

class Error : public std::runtime_error {
public:
    explicit Error(const std::string &what, DWORD code = GetLastError())
        : std::runtime_error(what + " failed, error " + std::to_string(code)) {}
};

class Pipe {
public:
    explicit Pipe(const std::string &name) : handle_(open(name))
    {
        DWORD mode = PIPE_READMODE_MESSAGE;
        if (!SetNamedPipeHandleState(handle_, &mode, nullptr, nullptr)) {
            const DWORD code = GetLastError();
            CloseHandle(handle_);
            throw Error("SetNamedPipeHandleState", code);
        }
    }
    Pipe(const Pipe &) = delete;
    Pipe &operator=(const Pipe &) = delete;
    Pipe(Pipe &&other) noexcept : handle_(std::exchange(other.handle_, INVALID_HANDLE_VALUE)) {}
    ~Pipe()
    {
        if (handle_ != INVALID_HANDLE_VALUE)
            CloseHandle(handle_);
    }

    void write(const std::string &message)
    {
        DWORD written = 0;
        if (!WriteFile(handle_, message.data(), static_cast<DWORD>(message.size()), &written, nullptr))
            throw Error("WriteFile");
    }

    // A whole message, whatever its length.
    std::string read()
    {
        std::string message;
        char part[8];
        for (;;) {
            DWORD size = 0;
            const BOOL whole = ReadFile(handle_, part, sizeof part, &size, nullptr);
            if (!whole && GetLastError() != ERROR_MORE_DATA)
                throw Error("ReadFile");
            message.append(part, size);
            if (whole)
                return message;
        }
    }

private:
    static HANDLE open(const std::string &name)
    {
        for (int tries = 0; tries < 500; tries++) {
            const HANDLE handle = CreateFileA(name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr,
                                              OPEN_EXISTING, 0, nullptr);
            if (handle != INVALID_HANDLE_VALUE)
                return handle;
            if (GetLastError() == ERROR_PIPE_BUSY)
                WaitNamedPipeA(name.c_str(), NMPWAIT_USE_DEFAULT_WAIT);
            else
                Sleep(20);
        }
        throw Error("opening " + name);
    }

    HANDLE handle_;
};

int main(int argc, char **argv)
{
    try {
        const int count = argc > 1 ? std::atoi(argv[1]) : 1;
        Pipe pipe(argc > 2 ? argv[2] : R"(\\.\pipe\example)");
        Pipe moved(std::move(pipe));
        std::string text = "c++";
        for (int i = 1; i <= count; i++) {
            text += ", " + std::to_string(i);
            moved.write(text);
            std::cout << text << " -> " << moved.read() << '\n';
        }
    } catch (const std::exception &error) {
        std::cout << error.what() << '\n';
        return 1;
    }
    return 0;
}

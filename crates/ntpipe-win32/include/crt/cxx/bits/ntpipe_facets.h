/* Facets for 16-bit characters. Numbers are formatted and read by the narrow facets. */
#ifndef NTPIPE_FACETS_H
#define NTPIPE_FACETS_H

#pragma GCC system_header

#include <cwctype>
#include <iterator>
#include <locale>
#include <streambuf>
#include <string>

namespace ntpipe_wide
{

class kinds : public std::ctype<wchar_t> {
public:
    static const kinds *only()
    {
        static const kinds *const instance = new kinds;
        return instance;
    }

protected:
    kinds() : std::ctype<wchar_t>(1) {}

    static bool is_one(mask wanted, wchar_t c)
    {
        return ((wanted & space) && std::iswspace(c)) || ((wanted & print) && std::iswprint(c))
            || ((wanted & cntrl) && std::iswcntrl(c)) || ((wanted & upper) && std::iswupper(c))
            || ((wanted & lower) && std::iswlower(c)) || ((wanted & alpha) && std::iswalpha(c))
            || ((wanted & digit) && std::iswdigit(c)) || ((wanted & punct) && std::iswpunct(c))
            || ((wanted & xdigit) && std::iswxdigit(c));
    }
    virtual bool do_is(mask wanted, wchar_t c) const
    {
        return is_one(wanted, c);
    }
    virtual const wchar_t *do_is(const wchar_t *from, const wchar_t *end, mask *to) const
    {
        static const mask all[] = { space, print, cntrl, upper, lower, alpha, digit, punct, xdigit };
        for (; from < end; ++from, ++to) {
            *to = mask();
            for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
                if (is_one(all[i], *from))
                    *to = mask(*to | all[i]);
        }
        return end;
    }
    virtual const wchar_t *do_scan_is(mask wanted, const wchar_t *from, const wchar_t *end) const
    {
        while (from < end && !is_one(wanted, *from))
            ++from;
        return from;
    }
    virtual const wchar_t *do_scan_not(mask wanted, const wchar_t *from, const wchar_t *end) const
    {
        while (from < end && is_one(wanted, *from))
            ++from;
        return from;
    }
    virtual wchar_t do_toupper(wchar_t c) const
    {
        return wchar_t(std::towupper(c));
    }
    virtual const wchar_t *do_toupper(wchar_t *from, const wchar_t *end) const
    {
        for (; from < end; ++from)
            *from = wchar_t(std::towupper(*from));
        return end;
    }
    virtual wchar_t do_tolower(wchar_t c) const
    {
        return wchar_t(std::towlower(c));
    }
    virtual const wchar_t *do_tolower(wchar_t *from, const wchar_t *end) const
    {
        for (; from < end; ++from)
            *from = wchar_t(std::towlower(*from));
        return end;
    }
    virtual wchar_t do_widen(char c) const
    {
        return wchar_t(static_cast<unsigned char>(c));
    }
    virtual const char *do_widen(const char *from, const char *end, wchar_t *to) const
    {
        while (from < end)
            *to++ = wchar_t(static_cast<unsigned char>(*from++));
        return end;
    }
    virtual char do_narrow(wchar_t c, char otherwise) const
    {
        return c < 0x80 ? char(c) : otherwise;
    }
    virtual const wchar_t *do_narrow(const wchar_t *from, const wchar_t *end, char otherwise, char *to) const
    {
        for (; from < end; ++from)
            *to++ = *from < 0x80 ? char(*from) : otherwise;
        return end;
    }
};

class numbers_out : public std::num_put<wchar_t> {
public:
    static const numbers_out *only()
    {
        static const numbers_out *const instance = new numbers_out;
        return instance;
    }

protected:
    numbers_out() : std::num_put<wchar_t>(1) {}

    /* Gathers what the narrow facet writes. */
    struct text : std::streambuf {
        std::string gathered;
        virtual int_type overflow(int_type c)
        {
            gathered += traits_type::to_char_type(c);
            return c;
        }
    };

    template <typename Number>
    static iter_type put_number(iter_type to, std::ios_base &stream, wchar_t fill, Number number)
    {
        typedef std::num_put<char> narrow;
        const char filler = '\1';
        text buffer;
        std::use_facet<narrow>(stream.getloc())
            .put(std::ostreambuf_iterator<char>(&buffer), stream, filler, number);
        for (std::string::size_type i = 0; i < buffer.gathered.size(); i++) {
            const char c = buffer.gathered[i];
            *to = c == filler ? fill : wchar_t(static_cast<unsigned char>(c));
            ++to;
        }
        return to;
    }

#define NTPIPE_PUT(type)                                                                        \
    virtual iter_type do_put(iter_type to, std::ios_base &stream, wchar_t fill, type number) const \
    {                                                                                           \
        return put_number(to, stream, fill, number);                                            \
    }
    NTPIPE_PUT(bool)
    NTPIPE_PUT(long)
    NTPIPE_PUT(unsigned long)
    NTPIPE_PUT(long long)
    NTPIPE_PUT(unsigned long long)
    NTPIPE_PUT(double)
    NTPIPE_PUT(long double)
    NTPIPE_PUT(const void *)
#undef NTPIPE_PUT
};

class numbers_in : public std::num_get<wchar_t> {
public:
    static const numbers_in *only()
    {
        static const numbers_in *const instance = new numbers_in;
        return instance;
    }

protected:
    numbers_in() : std::num_get<wchar_t>(1) {}

    /* What the narrow facet reads, and no more: a character leaves the stream only when it is next. */
    struct characters : std::streambuf {
        iter_type &from, end;
        characters(iter_type &from_, iter_type end_) : from(from_), end(end_) {}
        virtual int_type underflow()
        {
            if (from == end)
                return traits_type::eof();
            const wchar_t c = *from;
            return traits_type::to_int_type(c < 0x80 ? char(c) : '\1');
        }
        virtual int_type uflow()
        {
            const int_type c = underflow();
            if (c != traits_type::eof())
                ++from;
            return c;
        }
    };

    template <typename Number>
    static iter_type get_number(iter_type from, iter_type end, std::ios_base &stream,
                                std::ios_base::iostate &state, Number &number)
    {
        typedef std::num_get<char> narrow;
        characters buffer(from, end);
        std::use_facet<narrow>(stream.getloc())
            .get(std::istreambuf_iterator<char>(&buffer), std::istreambuf_iterator<char>(), stream, state,
                 number);
        return from;
    }

#define NTPIPE_GET(type)                                                                             \
    virtual iter_type do_get(iter_type from, iter_type end, std::ios_base &stream,                   \
                             std::ios_base::iostate &state, type &number) const                      \
    {                                                                                                \
        return get_number(from, end, stream, state, number);                                         \
    }
    NTPIPE_GET(bool)
    NTPIPE_GET(long)
    NTPIPE_GET(unsigned short)
    NTPIPE_GET(unsigned int)
    NTPIPE_GET(unsigned long)
    NTPIPE_GET(long long)
    NTPIPE_GET(unsigned long long)
    NTPIPE_GET(float)
    NTPIPE_GET(double)
    NTPIPE_GET(long double)
    NTPIPE_GET(void *)
#undef NTPIPE_GET
};

}

#endif

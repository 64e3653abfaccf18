/* The body of strsafe.h, which includes it once for each kind of characters. */
#ifndef NTPIPE_LINT
#pragma GCC system_header
#endif

static __inline__ HRESULT NTPIPE_S(StringCchLength)(NTPIPE_TEXT psz, size_t cchMax, size_t *pcchLength) {
    size_t n = 0;
    if (pcchLength) *pcchLength = 0;
    if (!psz || cchMax > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    while (n < cchMax && psz[n]) n++;
    if (n == cchMax) return STRSAFE_E_INVALID_PARAMETER;
    if (pcchLength) *pcchLength = n;
    return S_OK;
}

/* Appends at most `count` characters at `at`; *end is where the terminator is then. */
static __inline__ HRESULT NTPIPE_S(NtpipeAppend)(NTPIPE_CHAR *to, size_t room, size_t at, NTPIPE_TEXT from,
                                                 size_t count, size_t *end) {
    while (count && *from && at + 1 < room) {
        to[at++] = *from++;
        count--;
    }
    to[at] = 0;
    *end = at;
    return count && *from ? STRSAFE_E_INSUFFICIENT_BUFFER : S_OK;
}

/* What the Ex forms do besides: their flags, and telling where the text ends. */
static __inline__ HRESULT NTPIPE_S(NtpipeFinish)(HRESULT hr, NTPIPE_CHAR *to, size_t room, size_t start,
                                                 size_t end, NTPIPE_CHAR **ppszDestEnd, size_t *pcchRemaining,
                                                 DWORD dwFlags) {
    if (FAILED(hr)) {
        if (room && (dwFlags & STRSAFE_FILL_ON_FAILURE)) {
            memset(to, (int)(dwFlags & 0xff), room * sizeof *to);
            end = (dwFlags & 0xff) ? room - 1 : 0;
            to[end] = 0;
        }
        if (room && (dwFlags & STRSAFE_NO_TRUNCATION) && hr == STRSAFE_E_INSUFFICIENT_BUFFER) {
            end = start;
            to[end] = 0;
        }
        if (room && (dwFlags & STRSAFE_NULL_ON_FAILURE)) {
            end = 0;
            to[0] = 0;
        }
    } else if (room && (dwFlags & STRSAFE_FILL_BEHIND_NULL)) {
        memset(to + end + 1, (int)(dwFlags & 0xff), (room - end - 1) * sizeof *to);
    }
    if (SUCCEEDED(hr) || hr == STRSAFE_E_INSUFFICIENT_BUFFER) {
        if (ppszDestEnd) *ppszDestEnd = to ? to + end : to;
        if (pcchRemaining) *pcchRemaining = room - end;
    }
    return hr;
}

static __inline__ HRESULT NTPIPE_S(StringCchCopyNEx)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc,
                                                     size_t cchToCopy, NTPIPE_CHAR **ppszDestEnd,
                                                     size_t *pcchRemaining, DWORD dwFlags) {
    static const NTPIPE_CHAR empty[1] = {0};
    size_t end = 0;
    HRESULT hr;
    if (dwFlags & STRSAFE_IGNORE_NULLS) {
        if (!pszSrc) pszSrc = empty;
        if (!pszDest && !cchDest && !*pszSrc) {
            return NTPIPE_S(NtpipeFinish)(S_OK, pszDest, 0, 0, 0, ppszDestEnd, pcchRemaining, 0);
        }
    }
    if (!pszDest || !cchDest || cchDest > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    hr = NTPIPE_S(NtpipeAppend)(pszDest, cchDest, 0, pszSrc, cchToCopy, &end);
    return NTPIPE_S(NtpipeFinish)(hr, pszDest, cchDest, 0, end, ppszDestEnd, pcchRemaining, dwFlags);
}
static __inline__ HRESULT NTPIPE_S(StringCchCopyEx)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc,
                                                    NTPIPE_CHAR **ppszDestEnd, size_t *pcchRemaining,
                                                    DWORD dwFlags) {
    return NTPIPE_S(StringCchCopyNEx)(pszDest, cchDest, pszSrc, STRSAFE_MAX_CCH, ppszDestEnd, pcchRemaining,
                                      dwFlags);
}
static __inline__ HRESULT NTPIPE_S(StringCchCopyN)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc,
                                                   size_t cchToCopy) {
    return NTPIPE_S(StringCchCopyNEx)(pszDest, cchDest, pszSrc, cchToCopy, NULL, NULL, 0);
}
static __inline__ HRESULT NTPIPE_S(StringCchCopy)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc) {
    return NTPIPE_S(StringCchCopyNEx)(pszDest, cchDest, pszSrc, STRSAFE_MAX_CCH, NULL, NULL, 0);
}

static __inline__ HRESULT NTPIPE_S(StringCchCatNEx)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc,
                                                    size_t cchToAppend, NTPIPE_CHAR **ppszDestEnd,
                                                    size_t *pcchRemaining, DWORD dwFlags) {
    static const NTPIPE_CHAR empty[1] = {0};
    size_t start = 0;
    size_t end = 0;
    HRESULT hr;
    if (dwFlags & STRSAFE_IGNORE_NULLS) {
        if (!pszSrc) pszSrc = empty;
        if (!pszDest && !cchDest && !*pszSrc) {
            return NTPIPE_S(NtpipeFinish)(S_OK, pszDest, 0, 0, 0, ppszDestEnd, pcchRemaining, 0);
        }
    }
    if (!pszDest || !cchDest) return STRSAFE_E_INVALID_PARAMETER;
    hr = NTPIPE_S(StringCchLength)(pszDest, cchDest, &start);
    if (FAILED(hr)) return hr;
    hr = NTPIPE_S(NtpipeAppend)(pszDest, cchDest, start, pszSrc, cchToAppend, &end);
    return NTPIPE_S(NtpipeFinish)(hr, pszDest, cchDest, start, end, ppszDestEnd, pcchRemaining, dwFlags);
}
static __inline__ HRESULT NTPIPE_S(StringCchCatEx)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc,
                                                   NTPIPE_CHAR **ppszDestEnd, size_t *pcchRemaining,
                                                   DWORD dwFlags) {
    return NTPIPE_S(StringCchCatNEx)(pszDest, cchDest, pszSrc, STRSAFE_MAX_CCH, ppszDestEnd, pcchRemaining,
                                     dwFlags);
}
static __inline__ HRESULT NTPIPE_S(StringCchCatN)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc,
                                                  size_t cchToAppend) {
    return NTPIPE_S(StringCchCatNEx)(pszDest, cchDest, pszSrc, cchToAppend, NULL, NULL, 0);
}
static __inline__ HRESULT NTPIPE_S(StringCchCat)(NTPIPE_CHAR *pszDest, size_t cchDest, NTPIPE_TEXT pszSrc) {
    return NTPIPE_S(StringCchCatNEx)(pszDest, cchDest, pszSrc, STRSAFE_MAX_CCH, NULL, NULL, 0);
}

static __inline__ HRESULT NTPIPE_S(StringCchVPrintfEx)(NTPIPE_CHAR *pszDest, size_t cchDest,
                                                       NTPIPE_CHAR **ppszDestEnd, size_t *pcchRemaining,
                                                       DWORD dwFlags, NTPIPE_TEXT pszFormat,
                                                       va_list argList) {
    HRESULT hr = S_OK;
    size_t end = 0;
    int length;
    if (!pszDest || !cchDest || cchDest > STRSAFE_MAX_CCH || !pszFormat) return STRSAFE_E_INVALID_PARAMETER;
    length = NTPIPE_S(NtpipeFormat)(pszDest, cchDest, pszFormat, argList);
    if (length < 0 || (size_t)length >= cchDest) {
        pszDest[cchDest - 1] = 0;
        hr = STRSAFE_E_INSUFFICIENT_BUFFER;
    }
    while (pszDest[end]) end++;
    return NTPIPE_S(NtpipeFinish)(hr, pszDest, cchDest, 0, end, ppszDestEnd, pcchRemaining, dwFlags);
}
static __inline__ HRESULT NTPIPE_S(StringCchPrintfEx)(NTPIPE_CHAR *pszDest, size_t cchDest,
                                                      NTPIPE_CHAR **ppszDestEnd, size_t *pcchRemaining,
                                                      DWORD dwFlags, NTPIPE_TEXT pszFormat, ...) {
    HRESULT hr;
    va_list list;
    va_start(list, pszFormat);
    hr = NTPIPE_S(StringCchVPrintfEx)(pszDest, cchDest, ppszDestEnd, pcchRemaining, dwFlags,
                                        pszFormat, list);
    va_end(list);
    return hr;
}
static __inline__ HRESULT NTPIPE_S(StringCchVPrintf)(NTPIPE_CHAR *pszDest, size_t cchDest,
                                                     NTPIPE_TEXT pszFormat, va_list argList) {
    return NTPIPE_S(StringCchVPrintfEx)(pszDest, cchDest, NULL, NULL, 0, pszFormat, argList);
}
static __inline__ HRESULT NTPIPE_S(StringCchPrintf)(NTPIPE_CHAR *pszDest, size_t cchDest,
                                                    NTPIPE_TEXT pszFormat, ...) {
    HRESULT hr;
    va_list list;
    va_start(list, pszFormat);
    hr = NTPIPE_S(StringCchVPrintfEx)(pszDest, cchDest, NULL, NULL, 0, pszFormat, list);
    va_end(list);
    return hr;
}

/* The same with sizes in bytes. */
static __inline__ HRESULT NTPIPE_S(StringCbLength)(NTPIPE_TEXT psz, size_t cbMax, size_t *pcbLength) {
    HRESULT hr = NTPIPE_S(StringCchLength)(psz, cbMax / sizeof *psz, pcbLength);
    if (pcbLength) *pcbLength *= sizeof *psz;
    return hr;
}
static __inline__ HRESULT NTPIPE_S(StringCbCopy)(NTPIPE_CHAR *pszDest, size_t cbDest, NTPIPE_TEXT pszSrc) {
    return NTPIPE_S(StringCchCopy)(pszDest, cbDest / sizeof *pszDest, pszSrc);
}
static __inline__ HRESULT NTPIPE_S(StringCbCopyN)(NTPIPE_CHAR *pszDest, size_t cbDest, NTPIPE_TEXT pszSrc,
                                                  size_t cbToCopy) {
    return NTPIPE_S(StringCchCopyN)(pszDest, cbDest / sizeof *pszDest, pszSrc, cbToCopy / sizeof *pszDest);
}
static __inline__ HRESULT NTPIPE_S(StringCbCat)(NTPIPE_CHAR *pszDest, size_t cbDest, NTPIPE_TEXT pszSrc) {
    return NTPIPE_S(StringCchCat)(pszDest, cbDest / sizeof *pszDest, pszSrc);
}
static __inline__ HRESULT NTPIPE_S(StringCbCatN)(NTPIPE_CHAR *pszDest, size_t cbDest, NTPIPE_TEXT pszSrc,
                                                 size_t cbToAppend) {
    return NTPIPE_S(StringCchCatN)(pszDest, cbDest / sizeof *pszDest, pszSrc, cbToAppend / sizeof *pszDest);
}
static __inline__ HRESULT NTPIPE_S(StringCbVPrintf)(NTPIPE_CHAR *pszDest, size_t cbDest,
                                                    NTPIPE_TEXT pszFormat, va_list argList) {
    return NTPIPE_S(StringCchVPrintf)(pszDest, cbDest / sizeof *pszDest, pszFormat, argList);
}
static __inline__ HRESULT NTPIPE_S(StringCbPrintf)(NTPIPE_CHAR *pszDest, size_t cbDest, NTPIPE_TEXT pszFormat,
                                                   ...) {
    HRESULT hr;
    va_list list;
    va_start(list, pszFormat);
    hr = NTPIPE_S(StringCchVPrintf)(pszDest, cbDest / sizeof *pszDest, pszFormat, list);
    va_end(list);
    return hr;
}

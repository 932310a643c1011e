# Makes page_style.h of page.css: the style as a C string, and its hash for the page's Content-Security-Policy.
file(READ ${CSS} style)
string(REPLACE "\n" "" style "${style}")
string(SHA256 digest "${style}")
string(REPLACE "\\" "\\\\" literal "${style}")
string(REPLACE "\"" "\\\"" literal "${literal}")

# base64 of the digest (RFC 4648 section 4), as a policy wants it
set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
set(base64 "")
foreach(at RANGE 0 60 6)
  string(SUBSTRING "${digest}0000" ${at} 6 hex)
  math(EXPR bits "0x${hex}")
  foreach(shift 18 12 6 0)
    math(EXPR index "(${bits} >> ${shift}) & 63")
    string(SUBSTRING ${alphabet} ${index} 1 letter)
    string(APPEND base64 ${letter})
  endforeach()
endforeach()
string(SUBSTRING ${base64} 0 43 base64)

file(WRITE ${HEADER} "#define PAGE_STYLE \"${literal}\"\n#define PAGE_STYLE_HASH \"${base64}=\"\n")

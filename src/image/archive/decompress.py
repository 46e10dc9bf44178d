# SPDX-License-Identifier: GPL-2.0-only
"""Decompresses one stream of a file, and prints the offset behind it: only a decoder knows where these end.

usage: decompress.py bzip2|lzma|xz FILE OFFSET TARGET

Of lzma with its length in the header and an end marker behind that it prints "marked": there are decoders that stop
at the length.
"""
import bz2
import lzma
import sys

decoders = {
    "bzip2": bz2.BZ2Decompressor,
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE),
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ),
}
piece = 1 << 20
unknown = b"\xff" * 8


def decompress(decoder, source, write):
    """Returns the offset behind the stream. Raises LZMAError, OSError or EOFError."""
    while not decoder.eof:
        data = source.read(piece) if decoder.needs_input else b""
        if decoder.needs_input and not data:
            raise EOFError("the stream is cut short")
        write(decoder.decompress(data, piece))
    return source.tell() - len(decoder.unused_data)


def has_marker(source, start):
    """Whether an lzma stream of known length ends as well when its header does not say how long it is."""
    source.seek(start)
    header = source.read(13)
    if header[5:] == unknown:
        return False
    decoder = decoders["lzma"]()
    try:
        decoder.decompress(header[:5] + unknown, 0)
        decompress(decoder, source, len)
        return True
    except (lzma.LZMAError, EOFError):
        return False


def main(method, file, offset, target):
    with open(file, "rb") as source, open(target, "wb") as output:
        start = int(offset)
        source.seek(start)
        try:
            end = decompress(decoders[method](), source, output.write)
        except (lzma.LZMAError, OSError, EOFError) as error:
            return str(error)
        print("marked" if method == "lzma" and has_marker(source, start) else end)
    return 0


sys.exit(main(*sys.argv[1:]))

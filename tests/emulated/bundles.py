"""Variants of the committed bundle, sealed anew without a signature (docs/bundle-format.md): the same model under other
names, and one that fails its self-test."""

import hashlib
import os
import struct
import zlib

MANIFEST, GOLDEN = 1, 5
CREATED_BY = b"host-trainer"


def sections(bundle):
    """The sections of a bundle: [(kind, bytes)]."""
    count = struct.unpack_from("<H", bundle, 10)[0]
    at, found = 44 + 40 * count, []
    for row in range(count):
        kind, _, length = struct.unpack_from("<HHI", bundle, 12 + 40 * row)
        found.append((kind, bundle[at : at + length]))
        at += length
    return found


def seal(parts):
    """A bundle of these sections, and its identifier as hexadecimal digits."""
    table = b"\x89BNDL\r\n\x1a" + struct.pack("<HH", 2, len(parts))
    for kind, body in parts:
        table += struct.pack("<HHI", kind, 0, len(body)) + hashlib.sha256(body).digest()
    identifier = hashlib.sha256(table).digest()
    block = b"SIGN" + struct.pack("<HH", 0, 0)
    block += struct.pack("<I", zlib.crc32(block))
    return table + identifier + b"".join(body for _, body in parts) + block, identifier.hex()


def named(manifest, letter):
    """The manifest of another bundle: a letter of what it says of its making is another one."""
    assert manifest.count(CREATED_BY) == 1
    changed = manifest.replace(CREATED_BY, letter + CREATED_BY[1:])[:-4]
    return changed + struct.pack("<I", zlib.crc32(changed))


def quick(repository, letter):
    """The committed model under another name and without golden frames, which take an emulated processor long."""
    parts = dict(sections(committed(repository)))
    parts[MANIFEST] = named(parts[MANIFEST], letter)
    del parts[GOLDEN]
    return seal(sorted(parts.items()))


def write(share, name, sealed):
    """Writes a sealed bundle to the shared folder; its identifier."""
    with open(os.path.join(share, name), "wb") as file:
        file.write(sealed[0])
    return sealed[1]


def write_quick(repository, share, names):
    """A quick bundle for each name, in the shared folder; their identifiers by name."""
    return {name: write(share, name, quick(repository, name[:1].encode())) for name in names}


def failing(repository):
    """One pixel of the first golden reconstruction is another one: it is not what the model makes."""
    parts = dict(sections(committed(repository)))
    golden = bytearray(parts[GOLDEN])
    width, height = struct.unpack_from("<HH", golden)
    # Behind the heads of the section and of the frame, and the frame's input.
    golden[8 + 8 + width * height + width * height // 2] ^= 0x80
    parts[GOLDEN] = bytes(golden)
    return seal(sorted(parts.items()))


def committed(repository):
    """The committed bundle."""
    with open(os.path.join(repository, "models/default/station.bundle"), "rb") as file:
        return file.read()

import { fileTypeFromBuffer } from 'file-type'

/** What a file is that is no accepted image, and what its owner can do. */
export interface UnsupportedFile {
  name: string
  mediaType: string
  advice?: string
}

const AS_JPEG = 'Export it as JPEG.'
const AS_PNG = 'Export it as PNG.'
const AS_EITHER = 'Export it as JPEG or PNG.'
const ITS_PAGE = 'Export its page as JPEG or PNG.'
const UNPACKED = 'Unpack it and send the image in it.'
const FROM_EDITOR = 'Open it in a photo editor and export it as JPEG.'

/** @returns undefined if nothing recognises the file */
export async function recognize(file: Uint8Array): Promise<UnsupportedFile | undefined> {
  if (SVG.test(textOf(file))) return { name: 'SVG', mediaType: 'image/svg+xml', advice: AS_PNG }
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  const [name, mediaType, , advice] = SIGNATURES.find(([, , matches]) => matches(bytes)) ?? []
  if (name && mediaType) return { name, mediaType, ...(advice && { advice }) }
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined)
  if (!found) return undefined
  return { ...(KINDS[found.ext] ?? ofKind(found.ext.toUpperCase(), found.mime)), mediaType: found.mime }
}

const starts =
  (latin1: string, at = 0) =>
  (bytes: Buffer) =>
    bytes.toString('latin1', at, at + latin1.length) === latin1

const startsLike = (hex: RegExp) => (bytes: Buffer) => hex.test(bytes.toString('hex', 0, 12))

/** What file-type does not know, or knows less about. */
const SIGNATURES: [name: string, mediaType: string, matches: (bytes: Buffer) => boolean, advice: string][] = [
  ['JPEG XL', 'image/jxl', starts('\xff\x0a'), AS_JPEG],
  ['JPEG XL', 'image/jxl', starts('JXL \r\n', 4), AS_JPEG],
  // It has one small box, `mini`, instead of `meta`.
  ['AVIF with a minimized header (mif3)', 'image/avif', starts('ftypmif3avif', 4), AS_JPEG],
  ['JPEG-LS', 'image/jls', starts('\xff\xd8\xff\xf7'), AS_JPEG],
  ['JPEG 2000', 'image/jp2', starts('jP  \r\n', 4), AS_JPEG],
  ['JPEG 2000', 'image/jp2', starts('\xff\x4f\xff\x51'), AS_JPEG],
  ['DICOM', 'application/dicom', starts('DICM', 128), AS_EITHER],
  ['a camera raw file', 'image/x-raw', isCameraRaw, FROM_EDITOR],
  ['OpenEXR', 'image/x-exr', starts('v/1\x01'), AS_JPEG],
  ['Radiance HDR', 'image/vnd.radiance', starts('#?RADIANCE'), AS_JPEG],
  ['Radiance HDR', 'image/vnd.radiance', starts('#?RGBE'), AS_JPEG],
  ['QOI', 'image/qoi', starts('qoif'), AS_PNG],
  ['KTX', 'image/ktx', starts('\xabKTX '), AS_PNG],
  ['DDS', 'image/vnd.ms-dds', starts('DDS \x7c'), AS_PNG],
  ['TGA', 'image/x-tga', isTga, AS_PNG],
  ['PCX', 'image/x-pcx', startsLike(/^0a0[0235]010[1248]/), AS_PNG],
  [
    'Netpbm (PBM, PGM, PPM)',
    'image/x-portable-anymap',
    startsLike(/^50(?:3[1-7]|46|66)(?:09|0a|0d|20)/),
    AS_PNG,
  ],
  ['XPM', 'image/x-xpixmap', starts('/* XPM */'), AS_PNG],
  ['SGI', 'image/x-sgi', startsLike(/^01da0[01]0[12]/), AS_PNG],
  ['MNG', 'video/x-mng', starts('\x8aMNG'), AS_PNG],
  ['JNG', 'image/x-jng', starts('\x8bJNG'), AS_PNG],
  ['Windows Metafile (WMF)', 'image/wmf', starts('\xd7\xcd\xc6\x9a'), AS_PNG],
  ['Windows Metafile (EMF)', 'image/emf', starts(' EMF', 40), AS_PNG],
  ['FITS', 'image/fits', starts('SIMPLE  ='), AS_EITHER],
  ['NITF', 'application/vnd.nitf', starts('NITF0'), AS_EITHER],
  ['DjVu', 'image/vnd.djvu', starts('AT&TFORM'), ITS_PAGE],
]

/** By file-type's extensions. */
const KINDS: Record<string, Omit<UnsupportedFile, 'mediaType'>> = {
  ico: { name: 'ICO', advice: AS_PNG },
  cur: { name: 'CUR', advice: AS_PNG },
  icns: { name: 'ICNS', advice: AS_PNG },
  bmp: { name: 'BMP', advice: AS_PNG },
  tif: { name: 'TIFF', advice: AS_EITHER },
  psd: { name: 'Photoshop (PSD)', advice: AS_EITHER },
  xcf: { name: 'GIMP (XCF)', advice: AS_EITHER },
  indd: { name: 'InDesign', advice: AS_EITHER },
  ai: { name: 'Illustrator', advice: AS_PNG },
  eps: { name: 'EPS', advice: AS_PNG },
  ps: { name: 'PostScript', advice: AS_PNG },
  pdf: { name: 'PDF', advice: ITS_PAGE },
  jxr: { name: 'JPEG XR', advice: AS_JPEG },
  jls: { name: 'JPEG-LS', advice: AS_JPEG },
  ...Object.fromEntries(
    ['zip', '7z', 'rar', 'tar', 'gz', 'bz2', 'xz', 'zst'].map((ext) => [
      ext,
      { name: ext.toUpperCase(), advice: UNPACKED },
    ]),
  ),
  ...Object.fromEntries(
    ['cr2', 'cr3', 'nef', 'arw', 'dng', 'orf', 'raf', 'rw2'].map((ext) => [
      ext,
      { name: `a camera raw file (${ext.toUpperCase()})`, advice: FROM_EDITOR },
    ]),
  ),
}

function ofKind(name: string, mime: string): Omit<UnsupportedFile, 'mediaType'> {
  if (mime.startsWith('video/'))
    return { name: `a video (${name})`, advice: 'Export one frame of it as JPEG.' }
  if (mime.startsWith('audio/')) return { name: `audio (${name})` }
  return mime.startsWith('image/') ? { name, advice: AS_EITHER } : { name }
}

/** A header without a signature: its type of picture, no palette, 8 to 32 bits a pixel. file-type takes it for a cursor. */
function isTga(file: Buffer): boolean {
  const hasHeader = file.length >= 18 && startsLike(/^..00(?:0[23]|0[ab])(?:00){5}/)(file)
  return hasHeader && file.readUInt32LE(12) !== 0 && [8, 16, 24, 32].includes(file[16] ?? 0)
}

/** Raw formats that are not TIFF: Olympus, Panasonic, Fujifilm, Canon CRW, Minolta, Sigma. */
const RAW_STARTS = ['IIRO', 'IIRS', 'MMOR', 'IIU\0', 'FUJIFILMCCD-RAW', '\0MRM', 'FOVb'].map((text) =>
  starts(text),
)

const TIFF_TAGS = {
  subfileType: 0x00fe,
  compression: 0x0103,
  make: 0x010f,
  subDirectories: 0x014a,
  dng: 0xc612,
}
/** Of pictures: TIFF 6.0, section 7 and 22, and its supplements. Cameras have numbers of their own. */
const TIFF_COMPRESSIONS = [1, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_946, 50_000, 50_001, 50_002, 52_546]

/**
 * A raw file of most makers is a TIFF of a camera, in which the first directory is a thumbnail, refers to further ones, or is
 * compressed in the maker's way. A camera's plain TIFF has the picture in its first directory.
 */
function isCameraRaw(file: Buffer): boolean {
  if (RAW_STARTS.some((matches) => matches(file)) || starts('HEAPCCDR', 6)(file)) return true
  const order = file.toString('latin1', 0, 4)
  if (order !== 'II*\0' && order !== 'MM\0*') return false
  try {
    const tags = firstDirectory(file, order === 'II*\0')
    if (tags.has(TIFF_TAGS.dng)) return true
    if (!tags.has(TIFF_TAGS.make)) return false
    const compression = tags.get(TIFF_TAGS.compression)
    return (
      tags.get(TIFF_TAGS.subfileType) === 1 ||
      tags.has(TIFF_TAGS.subDirectories) ||
      (compression !== undefined && !TIFF_COMPRESSIONS.includes(compression))
    )
  } catch {
    return false // an offset outside the file
  }
}

/** The tags of a TIFF's first directory with their values, as far as these are one number of up to 4 bytes. */
function firstDirectory(tiff: Buffer, isLittle: boolean): Map<number, number> {
  const uint16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const uint32 = (at: number) => (isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at))
  const start = uint32(4)
  const entries = Array.from({ length: uint16(start) }, (_, i) => start + 2 + 12 * i)
  const SHORT = 3
  return new Map(
    entries.map((at) => [uint16(at), uint16(at + 2) === SHORT ? uint16(at + 8) : uint32(at + 8)]),
  )
}

/**
 * White space, XML declarations, comments and a document type before an `svg` element. No two alternatives start
 * with the same characters, so matching never takes exponential time.
 */
const SVG =
  /^(?:\s|<\?[^>]*>|<!--(?:(?!-->).)*-->|<!DOCTYPE[^>[]*(?:\[[^\]]*\]\s*)?>)*<(?:\w{1,32}:)?svg[\s/>]/is

/** The first kilobyte as text, in the encoding of its byte order mark. */
function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes.subarray(0, 1024))
}

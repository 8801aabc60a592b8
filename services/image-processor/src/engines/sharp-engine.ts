import {
  backgroundOf,
  type Gravity,
  IMAGE_TYPES,
  ImageType,
  type OutputFormat,
  ProblemError,
  qualityOf,
  type VariantSpec,
} from '@darkroom/core'
import {
  type FileTraits,
  hasDataLeft,
  headerOfJpeg,
  isSoundProfile,
  isSrgb,
  isSrgbProfile,
  type RgbSpace,
  stillAvif,
  typeOf,
  withEarlyExif,
  withLittleExif,
  withoutEnd,
  withSpecifiedColors,
  withTransparentScreen,
  withTurnedAlpha,
} from '@darkroom/image-file'
import type { Metadata, Sharp, SharpOptions } from 'sharp'
import { type Decoded, developInCascade, type Encoded, type Stages } from './cascade.ts'
import type { PictureKind } from './graphics.ts'
import type { ImageEngine } from './image-engine.ts'
import { hasSize, type Pixels, type Size } from './pixels.ts'
import { cropOf, placeAt } from './placement.ts'
import { sharp } from './restricted-sharp.ts'
import { toSrgb } from './to-srgb.ts'

/** The default engine: libvips through sharp. Converts wide-gamut and CMYK colors to sRGB. */
export const sharpEngine = sharpEngineWith(decodeWithSharp)

/** The same with another way to decode. */
export function sharpEngineWith(decode: Stages['decode']): ImageEngine {
  return {
    name: 'sharp',
    develop: (original, variants, traits) =>
      developInCascade({ decode, shrink, cropSmartly, encode, animate }, original, variants, traits),
  }
}

/** One decode, upright, in sRGB, resized to what `frame` gives. */
export async function decodeWithSharp(
  original: Uint8Array,
  frame: (upright: Size) => Size,
  traits: FileTraits,
): Promise<Decoded> {
  const { space, hasGreyOfVideo } = traits
  const endless = withoutEnd(original, traits)
  const readable = forLibvips(endless ?? original, traits)
  const header = usualHeader(endless ?? original, traits) ?? (await readHeader(readable))
  refuseTooManyPixels(header)
  const upright = header.autoOrient
  const fitted = frame(upright)
  const { convert, options } = conversionOf(header, space)
  const opened = endless
    ? open(readable, { ...options, failOn: 'none' }, fitted)
    : open(withAlpha(readable), options, fitted)
  if (hasGreyOfVideo) expandRange(opened, header)
  const complaintsOf = listenForComplaints(opened)
  const pixels = await convert(opened)
  const { count, isOfEnd } = complaintsOf()
  const isWhole = endless !== undefined && count === 1 && isOfEnd
  const damaged = !isWhole && (count > 0 || (await hasDataLeft(original, missesBytes)))
  return {
    width: upright.width,
    height: upright.height,
    pixels,
    frames: framesOf(header),
    isTurned: isTurned(header),
    warnings: damaged ? ['damaged-data'] : [],
  }
}

/** `failOn: 'warning'`, the default, refuses files as real cameras write them. */
const LENIENT: SharpOptions = { failOn: 'error', limitInputPixels: false }

/** The same picture in a file that libvips understands, and reads quickly. */
function forLibvips(original: Uint8Array, traits: FileTraits): Uint8Array {
  switch (typeOf(original)) {
    case 'image/jpeg':
      return withLittleExif(original, traits)
    case 'image/png':
      return withEarlyExif(original)
    case 'image/avif':
      return withTurnedAlpha(withSpecifiedColors(stillAvif(original)))
    default:
      return original
  }
}

/** A GIF whose frames leave parts of its screen empty gets an alpha channel, and a last frame that only serves this. */
function withAlpha(original: Uint8Array): Uint8Array {
  return typeOf(original) === 'image/gif' ? withTransparentScreen(original) : original
}

type Header = Pick<
  Metadata,
  'mediaType' | 'width' | 'height' | 'autoOrient' | 'orientation' | 'icc' | 'space' | 'depth' | 'pages'
>

function readHeader(original: Uint8Array): Promise<Header> {
  return sharp(original, LENIENT).metadata()
}

/** What libvips would say of a usual JPEG in sRGB, without opening it. */
function usualHeader(original: Uint8Array, traits: FileTraits): Header | undefined {
  const { profile } = traits
  const jpeg = profile && !isSrgbProfile(profile) ? undefined : headerOfJpeg(original, traits)
  if (!jpeg) return undefined
  const { width, height, orientation, isGrey } = jpeg
  const upright = orientation > 4 ? { width: height, height: width } : { width, height }
  return {
    mediaType: 'image/jpeg',
    width,
    height,
    autoOrient: upright,
    orientation,
    space: isGrey ? 'b-w' : 'srgb',
    depth: 'uchar',
  }
}

/** libvips cannot rotate an animation, so one with an orientation counts as still. */
function framesOf(header: Header): number {
  return isTurned(header) ? 1 : (header.pages ?? 1)
}

function isTurned({ orientation = 1 }: Header): boolean {
  return orientation > 1
}

function refuseTooManyPixels({ mediaType, width, height }: Header): void {
  const { name, maxPixels } = IMAGE_TYPES[ImageType.parse(mediaType)]
  if (width * height <= maxPixels) return
  throw new ProblemError(
    'image-too-large',
    `The image is ${width} × ${height} pixels; the limit for ${name} is ${maxPixels / 1e6} megapixels. Resize it and send it again.`,
  )
}

interface Conversion {
  options: SharpOptions
  convert: (opened: Sharp) => Promise<Pixels>
}

/** An sRGB profile changes nothing: ignoring it gives the same pixels at a third of the cost. */
function conversionOf(header: Header, declared: RgbSpace | undefined): Conversion {
  const { icc, space } = header
  if (declared) {
    const convert = (opened: Sharp) => convertFrom(declared, opened, header)
    return { options: { ignoreIcc: true }, convert: isSrgb(declared) ? toPixels : convert }
  }
  const needsConversion =
    space === 'cmyk' || (icc !== undefined && isSoundProfile(icc) && !isSrgbProfile(icc))
  if (!needsConversion) return { options: { ignoreIcc: true }, convert: toPixels }
  return {
    options: { ignoreIcc: false },
    convert: canConvertLate(header) ? convertAfterResize : convertBeforeResize,
  }
}

/** From 16 to 235 of 255 to the whole range. */
function expandRange(opened: Sharp, { depth }: Header): void {
  const black = depth === 'uchar' ? 16 : 16 * 256
  opened.linear(255 / 219, (-black * 255) / 219)
}

/** libvips converts only from profiles. More than 8 bits are kept until then. */
async function convertFrom(declared: RgbSpace, opened: Sharp, { depth }: Header): Promise<Pixels> {
  if (depth === 'uchar') return toSrgb(await toPixels(opened), declared)
  const { data, info } = await opened
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
  return toSrgb({ width, height, channels: channels === 4 ? 4 : 3, data: samples }, declared)
}

/** Only 8-bit RGB goes through the PNG in `convertAfterResize` unchanged, which takes no profile with bytes after its end. */
function canConvertLate({ space, depth, icc }: Header): boolean {
  return space === 'srgb' && depth === 'uchar' && icc?.readUInt32BE(0) === icc?.length
}

function open(original: Uint8Array, options: SharpOptions, { width, height }: Size): Sharp {
  return sharp(original, { ...LENIENT, ...options })
    .autoOrient()
    .resize({ width, height, fit: 'fill' })
}

interface Complaints {
  count: number
  /** Whether the first one is of the end of the file. */
  isOfEnd: boolean
}

/**
 * What libjpeg complains of while it reads: when libvips closes the file, it says `read gave 3 warnings`, then the first of them.
 * Asking sharp to fail instead (`failOn: 'warning'`) would miss complaints about the last lines, and need a second decode
 * (decision 31). libvips has one list of warnings, so images must be decoded one by one, as the engine's process does.
 */
function listenForComplaints(image: Sharp): () => Complaints {
  const found = { count: 0, isOfEnd: false }
  image.on('warning', (text: string) => {
    found.count += Number(/^read gave (\d+) warnings/.exec(text)?.[1] ?? 0)
    found.isOfEnd ||= text.includes('premature end of JPEG image')
  })
  return () => found
}

/** At an eighth of the size first, which is enough for most sound pictures. */
async function missesBytes(shorter: Uint8Array): Promise<boolean> {
  if (await isIncomplete(open(shorter, {}, { width: 16, height: 16 }))) return true
  return typeOf(shorter) === 'image/jpeg' && isIncomplete(await lastLine(shorter))
}

async function isIncomplete(image: Sharp): Promise<boolean> {
  const complaintsOf = listenForComplaints(image)
  return toPixels(image).then(
    () => complaintsOf().count > 0,
    () => true,
  )
}

/** Of a JPEG that is shrunk as it is read, libvips can leave the last line unread, and with it the end of the data. */
async function lastLine(jpeg: Uint8Array): Promise<Sharp> {
  const { width, height } = await readHeader(jpeg)
  return sharp(jpeg, LENIENT).extract({ left: 0, top: height - 1, width, height: 1 })
}

/**
 * Color conversion costs time per pixel, so a wide-gamut image is resized in its own color space first. An uncompressed PNG
 * in memory keeps the profile in between.
 */
async function convertAfterResize(opened: Sharp): Promise<Pixels> {
  const small = await opened.keepIccProfile().png({ compressionLevel: 0 }).toBuffer()
  return toPixels(sharp(small))
}

/** sharp converts 16-bit colors to Display P3; naming the output's profile converts them on to sRGB. */
function convertBeforeResize(opened: Sharp): Promise<Pixels> {
  return toPixels(opened.withIccProfile('srgb', { attach: false }))
}

/** The output is sRGB, so grayscale images have three channels as well. */
export async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3, data }
}

function shrink(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  return toPixels(fromPixels(pixels).resize({ width, height, fit: 'fill' }))
}

/** libvips' attention: skin, saturation and edges (https://www.libvips.org/API/current/method.Image.smartcrop.html). */
function cropSmartly(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  return toPixels(fromPixels(pixels).resize({ width, height, fit: 'cover', position: 'attention' }))
}

async function encode(
  pixels: Pixels,
  spec: VariantSpec,
  kind: PictureKind,
  thoroughly = false,
): Promise<Encoded> {
  const image = encodeAs(spec, fromPixels(pixels), kind)
  const lossy = {
    format: spec.format,
    data: await (thoroughly ? withMoreEffort(image, spec) : image).toBuffer(),
  }
  const lossless = kind === 'flat' ? LOSSLESS[spec.format] : undefined
  if (!lossless) return lossy
  const { format, save } = lossless
  const data = await save(flattenAs(spec, fromPixels(pixels)), thoroughly)
  return data.length <= lossy.data.length ? { format, data } : lossy
}

/** libvips stacks the frames, and scales and crops each. */
async function animate(original: Uint8Array, spec: VariantSpec, frame: Size): Promise<Buffer> {
  const { pages = 1 } = await readHeader(original)
  const moving = sharp(withAlpha(original), { ...LENIENT, pages }).resize({ ...frame, fit: 'fill' })
  const size = cropOf(frame, spec)
  if (!hasSize(frame, size)) {
    const { x, y } = placeAt(fixedPosition(spec), frame, size)
    moving.extract({ left: x, top: y, ...size })
  }
  return encodeAs(spec, moving).toBuffer()
}

/** A preset cannot ask for a smart crop of an animation. */
function fixedPosition({ position = 'centre' }: VariantSpec): Gravity {
  return position === 'smart' ? 'centre' : position
}

function encodeAs(spec: VariantSpec, image: Sharp, kind: PictureKind = 'photograph'): Sharp {
  const encoders = kind === 'photograph' ? ENCODERS : { ...ENCODERS, ...DRAWING_ENCODERS }
  return encoders[spec.format](flattenAs(spec, image), qualityOf(spec))
}

function flattenAs(spec: VariantSpec, image: Sharp): Sharp {
  const background = backgroundOf(spec)
  return background ? image.flatten({ background }) : image
}

/**
 * Set for speed by measurement (decision 26). mozjpeg's third quantization table looks the same in a tenth fewer bytes, in the
 * same time. Optimised Huffman tables take as long as the rest of the encoder to save 2 to 4 % of the bytes, WebP's effort 4
 * takes 2.7 times as long as 2 to save 3 to 6 %.
 */
const ENCODERS: Record<VariantSpec['format'], (image: Sharp, quality: number) => Sharp> = {
  jpeg: (image, quality) => image.jpeg({ quality, optimiseCoding: false, quantisationTable: 3 }),
  webp: (image, quality) => image.webp({ quality, effort: 2 }),
  avif: (image, quality) => image.avif({ quality, effort: 1 }),
  png: (image) => image.png(),
}

/** Colors at full resolution, because colored text blurs otherwise; there is little to encode, so bytes count more than time. */
const DRAWING_ENCODERS: Partial<typeof ENCODERS> = {
  jpeg: (image, quality) => image.jpeg({ quality, mozjpeg: true, chromaSubsampling: '4:4:4' }),
  webp: (image, quality) => image.webp({ quality, effort: 4, smartSubsample: true }),
}

/** Trellis quantization and progressive scans: a quarter fewer bytes at the same quality, in six times the time. */
function withMoreEffort(image: Sharp, { format }: VariantSpec): Sharp {
  if (format === 'jpeg') return image.jpeg({ mozjpeg: true })
  return format === 'webp' ? image.webp({ effort: 5 }) : image
}

interface Lossless {
  format: OutputFormat
  save: (image: Sharp, thoroughly: boolean) => Promise<Buffer>
}

const LOSSLESS_WEBP: Lossless = {
  format: 'webp',
  save: (image, thoroughly) => image.webp({ lossless: true, effort: thoroughly ? 6 : 2 }).toBuffer(),
}

/**
 * A file without visible loss for what has few colors. Every program that shows a JPEG shows a PNG, and every program that shows
 * an AVIF shows a WebP.
 */
const LOSSLESS: Partial<Record<OutputFormat, Lossless>> = {
  jpeg: { format: 'png', save: saveAsPng },
  webp: LOSSLESS_WEBP,
  avif: LOSSLESS_WEBP,
}

/** Of a channel, 0 to 255. */
const INVISIBLE_DIFFERENCE = 4
/** Single pixels of soft edges may differ more where bytes count: no more than this share of the samples, and no more than this. */
const FEW = 0.001
const MAX_DIFFERENCE_OF_FEW = 20

/** With a palette if that changes nothing that can be seen: about a third of the bytes. */
async function saveAsPng(image: Sharp, thoroughly: boolean): Promise<Buffer> {
  const pixels = await toPixels(image)
  const palette = { palette: true, dither: 0, effort: 1, colours: countColors(pixels) } as const
  const paletted = await fromPixels(pixels)
    .png({ ...palette, compressionLevel: 9 })
    .toBuffer()
  const hasPalette = await looksLike(pixels, paletted, thoroughly ? FEW : 0)
  if (hasPalette && !thoroughly) return paletted
  const whole = isGrey(pixels) ? fromPixels(pixels).toColourspace('b-w') : fromPixels(pixels)
  const plain = await whole.clone().png({ compressionLevel: 9 }).toBuffer()
  if (!thoroughly) return plain
  // Filters help where colors change gradually, and where rows are equal.
  const filter = { compressionLevel: 9, adaptiveFiltering: true } as const
  const filtered = await whole.png(filter).toBuffer()
  if (!hasPalette) return lightest([plain, filtered])
  const both = await fromPixels(pixels)
    .png({ ...palette, ...filter })
    .toBuffer()
  return lightest([paletted, plain, filtered, both])
}

const MAX_PALETTE = 256

/** 2 to 256: libvips would take more than there are, and so more bits for each pixel. */
function countColors({ data, channels }: Pixels): number {
  const colors = new Set<number>()
  let last = -1
  for (let at = 0; at < data.length && colors.size < MAX_PALETTE; at += channels) {
    const color = channels === 4 ? data.readUInt32BE(at) : data.readUIntBE(at, 3)
    if (color !== last) colors.add(color)
    last = color
  }
  return Math.max(2, colors.size)
}

async function looksLike({ data }: Pixels, png: Buffer, few: number): Promise<boolean> {
  const shown = await sharp(png).toColorspace('srgb').raw().toBuffer()
  if (shown.length !== data.length) return false
  let different = 0
  for (let at = 0; at < data.length; at++) {
    const difference = Math.abs((data[at] ?? 0) - (shown[at] ?? 0))
    if (difference > MAX_DIFFERENCE_OF_FEW) return false
    if (difference > INVISIBLE_DIFFERENCE) different++
  }
  return different <= few * data.length
}

function isGrey({ data, channels }: Pixels): boolean {
  if (channels === 4) return false
  for (let at = 0; at < data.length; at += 3)
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return false
  return true
}

const lightest = (files: [Buffer, ...Buffer[]]) =>
  files.reduce((best, file) => (file.length < best.length ? file : best))

function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } })
}

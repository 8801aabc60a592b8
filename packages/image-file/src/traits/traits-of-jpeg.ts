import type { Traits } from './traits.ts'

const APP1 = 0xe1
const APP2 = 0xe2
const START_OF_SCAN = 0xda
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])
/** SOF0 to SOF15, but for DHT, JPG and DAC, which have numbers among them. */
const isFrameHeader = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const EXIF = 'Exif\0\0'
const ICC = 'ICC_PROFILE\0'
const MULTI_PICTURE = 'MPF\0'
const GAIN_MAP = 'urn:iso:std:iso:ts:21496'
/** Namespaces in XMP. */
const GAIN_MAPS_IN_XMP = ['http://ns.adobe.com/hdr-gain-map/', 'http://ns.apple.com/HDRGainMap/']

/**
 * JPEG (ITU-T T.81, annex B): segments `FF xx length…` up to the first scan, where the length counts itself. From there
 * `FF D9` can only be the end, as entropy-coded data writes a literal FF as `FF 00`.
 */
export function traitsOfJpeg(jpeg: Buffer): Traits {
  const traits: Traits = { end: jpeg.length }
  const profile: Buffer[] = []
  for (const { marker, payload, next } of segments(jpeg)) {
    if (marker === APP1) readApp1(traits, payload)
    if (marker === APP2) readApp2(traits, payload, profile)
    if (isFrameHeader(marker)) traits.isCmyk = payload[5] === 4
    if (marker === START_OF_SCAN) {
      const last = jpeg.indexOf(END_OF_IMAGE, next)
      if (last !== -1) traits.end = last + END_OF_IMAGE.length
    }
  }
  // A profile of more than 64 KB comes in pieces, in order.
  if (profile.length > 0) traits.profile = Buffer.concat(profile)
  return traits
}

function readApp1(traits: Traits, payload: Buffer): void {
  if (startsWith(payload, EXIF)) traits.exif ??= payload.subarray(EXIF.length)
  else if (GAIN_MAPS_IN_XMP.some((namespace) => payload.includes(namespace))) traits.hasGainMap = true
}

function readApp2(traits: Traits, payload: Buffer, profile: Buffer[]): void {
  if (startsWith(payload, ICC)) profile.push(payload.subarray(ICC.length + 2)) // its number, and of how many
  if (startsWith(payload, MULTI_PICTURE)) traits.hasMorePictures = true
  if (startsWith(payload, GAIN_MAP)) traits.hasGainMap = true
}

/** Up to the first scan. Stray bytes between segments are skipped, as decoders do. */
function* segments(jpeg: Buffer): Generator<{ marker: number; payload: Buffer; next: number }> {
  let at = 2
  while (at !== -1 && at + 4 <= jpeg.length) {
    const marker = jpeg[at] === 0xff ? jpeg.readUInt8(at + 1) : 0
    if (marker === 0 || marker === 0xff) {
      at = jpeg.indexOf(0xff, at + 1)
      continue
    }
    const next = at + 2 + jpeg.readUInt16BE(at + 2)
    yield { marker, payload: jpeg.subarray(at + 4, next), next }
    if (marker === START_OF_SCAN) return
    at = next
  }
}

function startsWith(payload: Buffer, text: string): boolean {
  return payload.toString('latin1', 0, text.length) === text
}

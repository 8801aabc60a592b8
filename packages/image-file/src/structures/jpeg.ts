import type { ReadStructure } from './structure.ts'

const START_OF_SCAN = 0xda
const END_OF_IMAGE = 0xd9

/** Encoders make 1 to about 20. Each is one more pass over the whole image, and takes 60 bytes of file. */
const MOST_SCANS = 100

/**
 * JPEG (ITU-T T.81, annex B): marker segments `FF xx length…` up to the first scan (stray bytes between them are
 * skipped, as decoders do). From there on entropy-coded data writes a literal FF as `FF 00`, so that any other `FF xx` is
 * a marker: another scan, another header, or the end.
 */
export const readJpeg: ReadStructure = (bytes, { width, height }) => {
  const headers: number[] = []
  let scans = 0
  for (let at = 2; at + 2 <= bytes.length; ) {
    const marker = bytes[at] === 0xff ? bytes.readUInt8(at + 1) : 0
    if (marker === END_OF_IMAGE && scans > 0) break
    if (isFrameHeader(marker)) headers.push(at)
    if (marker === START_OF_SCAN) scans++
    if (scans > 0 || marker === 0 || marker === 0xff) {
      at = bytes.indexOf(0xff, at + 1)
      if (at === -1) break
    } else {
      if (at + 4 > bytes.length) break
      at += 2 + bytes.readUInt16BE(at + 2)
    }
  }
  return {
    frames: 1,
    heldBytes: scans > 1 ? 2 * width * height * samplesPerPixel(bytes.subarray(headers[0])) : 0,
    ...faultOf(headers.length, scans),
  }
}

/** SOF0 to SOF15 but for DHT, JPG and DAC, which lie between them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/**
 * `FF Cx`, length, precision, height and width of 2 bytes each, then a count of components, each with its number, its
 * sampling (4 bits across, 4 down) and its table. A file in several scans is held as coefficients of 2 bytes.
 */
function samplesPerPixel(header: Buffer): number {
  const count = Math.min(header[9] ?? 0, 4)
  const samplings = Array.from({ length: count }, (_, n) => header[11 + 3 * n] ?? 0x11)
  const across = Math.max(1, ...samplings.map((sampling) => sampling >> 4))
  const down = Math.max(1, ...samplings.map((sampling) => sampling & 15))
  const samples = samplings.reduce((sum, sampling) => sum + (sampling >> 4) * (sampling & 15), 0)
  return samples / (across * down)
}

function faultOf(headers: number, scans: number): { fault?: string } {
  if (headers > 1) return { fault: 'has two headers, and they cannot both be true.' }
  if (scans > MOST_SCANS)
    return { fault: `is drawn in ${scans} scans; ${MOST_SCANS} are more than any needs.` }
  return {}
}

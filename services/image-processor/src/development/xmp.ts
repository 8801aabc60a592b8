import { cleanText, LOCATION_TAGS } from './exif-tags.ts'

/** XMP is only searched, not parsed: it can contain a depth map of several megabytes. */
const MAX_XMP_BYTES = 1024 * 1024

/** All packets as one text. Names and numbers in XMP are ASCII, so without zeros UTF-16 reads like UTF-8. */
export function readXmp(packets: readonly Buffer[] = []): string {
  return packets.map((packet) => packet.toString('latin1', 0, MAX_XMP_BYTES).replaceAll('\0', '')).join('\n')
}

/** As an attribute or an element, with a value. */
const LOCATION = new RegExp(`\\b(?:${LOCATION_TAGS.join('|')})(?:\\s*=\\s*["'][^"']|>[^<])`)

export function hasLocation(xmp: string): boolean {
  return LOCATION.test(xmp)
}

/** The first value of a property: an attribute, an element, or the first item of a list. */
export function valueIn(xmp: string, name: string): string | undefined {
  if (!xmp.includes(name)) return undefined
  const [, doubleQuoted, singleQuoted, element] =
    xmp.match(
      new RegExp(
        `\\b${name}(?:\\s*=\\s*(?:"([^"]*)"|'([^']*)')|>\\s*(?:<rdf:(?:Seq|Bag|Alt)>\\s*<rdf:li[^>]*>)?([^<]*))`,
      ),
    ) ?? []
  return doubleQuoted ?? singleQuoted ?? element
}

/** The first of these properties that has a text. */
export function textInXmp(xmp: string, ...names: string[]): string | undefined {
  return names.map((name) => cleanText(decode(valueIn(xmp, name)))).find((text) => text !== undefined)
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decode(value = ''): string {
  return Buffer.from(value, 'latin1')
    .toString('utf8')
    .replace(/&(\w+);/g, (entity, name) => ENTITIES[name] ?? entity)
}

/** Whole numbers, decimals, and fractions such as `28/10`. */
export function numberInXmp(xmp: string, ...names: string[]): number | undefined {
  return names.map((name) => toNumber(valueIn(xmp, name))).find((value) => value !== undefined)
}

function toNumber(written = ''): number | undefined {
  const [, above, below = 1] = written.trim().match(/^([+-]?\d+(?:\.\d+)?)(?:\/(\d+))?$/) ?? []
  return above === undefined ? undefined : Number(above) / Number(below)
}

import { cleanText, LOCATION_TAGS } from './exif-tags.ts'

/** XMP is only searched, not parsed: it can contain a depth map of several megabytes. */
const MAX_XMP_BYTES = 1024 * 1024

/** All packets as one text, with the bytes of UTF-8 as letters, without comments, and with the usual prefixes of namespaces. */
export function readXmp(packets: readonly Buffer[] = []): string {
  const xmp = packets.map((packet) => inUtf8(packet.subarray(0, MAX_XMP_BYTES))).join('\n')
  const withoutComments = replaceBetween(xmp, '<!--', '-->', () => '')
  return withUsualPrefixes(replaceBetween(withoutComments, '<![CDATA[', ']]>', escaped))
}

/** XMP can be in UTF-16, which the first two letters tell. Names and numbers are ASCII, so without zeros UTF-32 reads like UTF-8. */
function inUtf8(packet: Buffer): string {
  const text = utf16In(packet)
  const utf8 = text === undefined ? packet : Buffer.from(text)
  return utf8.toString('latin1').replaceAll('\0', '')
}

function utf16In(packet: Buffer): string | undefined {
  const start = packet.toString('latin1', 0, 4)
  const isLittle = /^(?:\xff\xfe|<\0)[^\0]/.test(start)
  if (isLittle) return packet.toString('utf16le')
  if (!/^(?:\xfe\xff|\0<)\0[^\0]/.test(start)) return undefined
  return Buffer.from(packet.subarray(0, packet.length & ~1))
    .swap16()
    .toString('utf16le')
}

/** Without a regular expression, because it would search the rest again for each start without an end. */
function replaceBetween(text: string, start: string, end: string, replace: (content: string) => string) {
  let result = ''
  let done = 0
  for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, done)) {
    const to = text.indexOf(end, at + start.length)
    if (to === -1) break
    result += text.slice(done, at) + replace(text.slice(at + start.length, to))
    done = to + end.length
  }
  return result + text.slice(done)
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const PREFIXES = new Map([
  ['http://ns.adobe.com/exif/1.0/', 'exif'],
  ['http://cipa.jp/exif/1.0/', 'exifEX'],
  ['http://ns.adobe.com/exif/1.0/aux/', 'aux'],
  ['http://ns.adobe.com/photoshop/1.0/', 'photoshop'],
  ['http://ns.adobe.com/tiff/1.0/', 'tiff'],
  ['http://ns.adobe.com/xap/1.0/', 'xmp'],
])

/** Any prefix can be declared for a namespace. */
function withUsualPrefixes(xmp: string): string {
  const declared = [...xmp.matchAll(/xmlns:([\w.-]{1,40})\s{0,9}=\s{0,9}["']([^"']{1,60})["']/g)]
  const usual = new Map(declared.map(([, prefix, name = '']) => [prefix, PREFIXES.get(name)]))
  if ([...usual].every(([prefix, known]) => known === undefined || known === prefix)) return xmp
  return xmp.replace(/(?<![\w.-])([\w.-]{1,40}):/g, (all, prefix) => {
    const known = usual.get(prefix)
    return known === undefined ? all : `${known}:`
  })
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
    .replace(/&(#?\w{1,8});/g, (entity, name: string) => ENTITIES[name] ?? letter(name) ?? entity)
}

/** `#233` or `#xE9`. */
function letter(name: string): string | undefined {
  const code = Number(name.replace(/^#x/i, '0x').replace(/^#/, ''))
  return name.startsWith('#') && code <= 0x10_ffff ? String.fromCodePoint(code) : undefined
}

/** Whole numbers, decimals, and fractions such as `28/10`. */
export function numberInXmp(xmp: string, ...names: string[]): number | undefined {
  return names.map((name) => toNumber(valueIn(xmp, name))).find((value) => value !== undefined)
}

function toNumber(written = ''): number | undefined {
  const [, above, below = 1] = written.trim().match(/^([+-]?\d+(?:\.\d+)?)(?:\/(\d+))?$/) ?? []
  return above === undefined ? undefined : Number(above) / Number(below)
}

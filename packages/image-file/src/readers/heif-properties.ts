import type { Fold } from '../segments.ts'

interface Properties extends Fold<Set<number>> {
  primary(): number | undefined
  /** Those of any item. */
  of(item: number): Set<number>
  /** The number of the property that was visited last. */
  last(): number
}

/**
 * The numbers of the primary picture's properties. `pitm` has its id, and `ipma` lists which properties in `ipco` belong to it
 * (ISO/IEC 14496-12, 8.11.4 and 8.11.14).
 */
export function primaryProperties(): Properties {
  let primary: number | undefined
  let property = 0
  const associations: Buffer[] = []
  const of = (item: number | undefined) => new Set(associations.flatMap((ipma) => propertiesOf(item, ipma)))
  return {
    visit({ type, payload }) {
      if (type === 'meta/pitm') primary = primaryIn(payload)
      if (type === 'iprp/ipma') associations.push(payload)
      if (type === 'iprp/ipco') property = 0
      if (type.startsWith('ipco/')) property++
    },
    primary: () => primary,
    of,
    last: () => property,
    result: () => of(primary),
  }
}

/** Version and flags, then an id of 2 bytes, or of 4 in version 1. */
function primaryIn(pitm: Buffer): number | undefined {
  const bytes = pitm[0] === 0 ? 2 : 4
  return pitm.length < 4 + bytes ? undefined : pitm.readUIntBE(4, bytes)
}

function propertiesOf(item: number | undefined, ipma: Buffer): number[] {
  for (const { item: one, properties } of associationsIn(ipma)) if (one === item) return properties
  return []
}

/** What `ipma` has for one item. */
interface Association {
  item: number
  properties: number[]
  /** Where it has their count, and where the next item starts. */
  countAt: number
  end: number
}

/**
 * Version and flags, a count, then for each item its id (2 bytes, or 4 in version 1), a count, and the numbers of its
 * properties, starting at 1 (1 byte each, or 2 if a flag is set). Their highest bit marks essential properties.
 */
function* associationsIn(ipma: Buffer): Generator<Association> {
  if (ipma.length < 8) return
  const idBytes = ipma[0] === 0 ? 2 : 4
  const bytes = numberBytes(ipma)
  let at = 8
  while (at + idBytes + 1 <= ipma.length) {
    const countAt = at + idBytes
    const count = ipma.readUInt8(countAt)
    const end = countAt + 1 + count * bytes
    if (end > ipma.length) return
    const properties = Array.from(
      { length: count },
      (_, n) => ipma.readUIntBE(countAt + 1 + n * bytes, bytes) & ~essential(bytes),
    )
    yield { item: ipma.readUIntBE(at, idBytes), properties, countAt, end }
    at = end
  }
}

const numberBytes = (ipma: Buffer) => ((ipma[3] ?? 0) & 1 ? 2 : 1)
const essential = (bytes: number) => (bytes === 1 ? 0x80 : 0x8000)

const MAX_PROPERTIES = 255

/** An `ipma` with further properties for some items, marked as essential. */
export function withAssociations(ipma: Buffer, further: Map<number, number[]>): Buffer {
  const bytes = numberBytes(ipma)
  const parts: Buffer[] = []
  let copied = 0
  for (const { item, properties, countAt, end } of associationsIn(ipma)) {
    const added = further.get(item) ?? []
    const count = properties.length + added.length
    if (added.length === 0 || count > MAX_PROPERTIES) continue
    const numbers = Buffer.alloc(added.length * bytes)
    for (const [n, property] of added.entries())
      numbers.writeUIntBE(property | essential(bytes), n * bytes, bytes)
    parts.push(ipma.subarray(copied, countAt), Buffer.of(count), ipma.subarray(countAt + 1, end), numbers)
    copied = end
  }
  return Buffer.concat([...parts, ipma.subarray(copied)])
}

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

/**
 * Version and flags, a count, then for each item its id (2 bytes, or 4 in version 1), a count, and the numbers of its
 * properties, starting at 1 (1 byte each, or 2 if a flag is set). Their highest bit marks essential properties.
 */
function propertiesOf(item: number | undefined, ipma: Buffer): number[] {
  if (item === undefined || ipma.length < 8) return []
  const idBytes = ipma[0] === 0 ? 2 : 4
  const numberBytes = (ipma[3] ?? 0) & 1 ? 2 : 1
  const mask = numberBytes === 1 ? 0x7f : 0x7fff
  let at = 8
  while (at + idBytes + 1 <= ipma.length) {
    const count = ipma.readUInt8(at + idBytes)
    const numbers = at + idBytes + 1
    const next = numbers + count * numberBytes
    if (next > ipma.length) return []
    if (ipma.readUIntBE(at, idBytes) === item)
      return Array.from(
        { length: count },
        (_, n) => ipma.readUIntBE(numbers + n * numberBytes, numberBytes) & mask,
      )
    at = next
  }
  return []
}

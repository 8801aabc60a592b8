import { MAX_DIFFERING_BITS, mergeLookAlikesStatement } from '@darkroom/analytics'
import { PERCEPTUAL_HASH_VERSION } from '@darkroom/core'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ATHENA_SESSION } from './athena-functions.ts'
import { createTables } from './create-tables.ts'

interface Image {
  app: string
  hash: bigint
  version: number
}

/** A few hashes with some flipped bits: images that are identical, similar, slightly too different and different. */
const images = fc.array(
  fc.record({
    app: fc.constantFrom('a', 'b'),
    version: fc.constantFrom(PERCEPTUAL_HASH_VERSION, PERCEPTUAL_HASH_VERSION, 1),
    hash: fc
      .tuple(
        fc.constantFrom(0n, 2n ** 64n - 1n, 0x0123456789abcdefn),
        fc.array(fc.nat({ max: 63 }), { maxLength: 5 }),
      )
      .map(([root, bits]) => bits.reduce((hash, bit) => hash ^ (1n << BigInt(bit)), root)),
  }),
  { maxLength: 40 },
)

const idOf = (n: number) => `image-${String(n).padStart(3, '0')}`
const differingBits = (one: bigint, other: bigint) => (one ^ other).toString(2).replaceAll('0', '').length

/** Bits 0, 10, 19, 28, 37, 46 and 55 are the first of the seven parts. */
const isFound = (one: bigint, other: bigint) => {
  const bits = differingBits(one, other)
  const edges = [0n, 10n, 19n, 28n, 37n, 46n, 55n, 64n]
  const equal = edges.slice(1).filter((end, n) => (one ^ other) % (1n << end) < 1n << (edges[n] ?? 0n))
  return bits <= 5 || (bits <= MAX_DIFFERING_BITS && equal.length >= 2)
}

/** Compares each image with all earlier ones. */
function compareAll(all: Image[]): [string, string, number][] {
  return all.flatMap(({ app, hash, version }, later) => {
    if (version !== PERCEPTUAL_HASH_VERSION) return []
    const before = all.slice(0, later).flatMap((image, earlier) => {
      const bits = differingBits(hash, image.hash)
      const isComparable = image.app === app && image.version === version
      return isComparable && isFound(hash, image.hash) ? { earlier, bits } : []
    })
    const [closest] = before.toSorted((one, other) => one.bits - other.bits || one.earlier - other.earlier)
    return closest ? [[idOf(closest.earlier), idOf(later), closest.bits]] : []
  })
}

test('finds the same as comparing all with all, whatever was in the table before', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const statement of [ATHENA_SESSION, ...createTables()]) await connection.run(statement)
  const merge = async () =>
    Number((await connection.runAndReadAll(mergeLookAlikesStatement(3))).getRowsJson()[0]?.[0])
  await fc.assert(
    fc.asyncProperty(images, async (all) => {
      await connection.run('DELETE FROM images')
      const rows = all.map(
        ({ app, hash, version }, n) =>
          `('${app}', '${idOf(n)}', '${hash.toString(16).padStart(16, '0')}', ${version}, current_date, 'processed')`,
      )
      if (rows.length > 0) {
        await connection.run(
          `INSERT INTO images (app, image_id, perceptual_hash, perceptual_hash_version, dt, status) VALUES ${rows.join(', ')}`,
        )
      }
      await merge()
      const found = await connection.runAndReadAll(
        'SELECT image_id, other_image_id, differing_bits FROM look_alikes ORDER BY other_image_id',
      )
      expect(found.getRowsJson().map(([image, other, bits]) => [image, other, Number(bits)])).toEqual(
        compareAll(all),
      )
      expect(await merge()).toBe(0)
    }),
    { numRuns: 60 },
  )
  connection.closeSync()
  instance.closeSync()
})

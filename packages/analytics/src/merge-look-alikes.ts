import { PERCEPTUAL_HASH_VERSION } from '@darkroom/core'
import { daysAgo } from './merge.ts'

/** Images look alike if at most this many of the 64 bits of their perceptual hashes differ. */
export const MAX_DIFFERING_BITS = 8

/**
 * Finds the images of the last `days` days that look like an earlier one of their app and writes them to `look_alikes`, in
 * Athena's SQL, each with the first image of the closest hash. Rows that are no longer true are deleted.
 *
 * Not every hash is compared with every other one: two hashes are if they are equal under one of 21 masks of two of seven
 * parts, about 18 bits. Five differing bits always leave two parts equal, eight of them nearly always, because bits that
 * change easily are neighbours (decision 38). Images with the same hash, which can be many (a black frame), count as one. The
 * smaller set of hashes is on the right side of the join, because Athena and DuckDB build their hash table from that side.
 *
 * Athena reads a table as often as a statement names it, common tables included: all images once, those of `days` twice.
 */
export function mergeLookAlikesStatement(days: number): string {
  return `MERGE INTO look_alikes AS known
USING (
  WITH hashed AS (
    SELECT app, dt, image_id, ${HASH} AS hash
    FROM images
    WHERE status = 'processed' AND perceptual_hash_version = ${PERCEPTUAL_HASH_VERSION}
  ),
  hashes AS (
    SELECT app, hash, min(image_id) AS first_image_id, count(*) AS images
    FROM hashed
    GROUP BY app, hash
  ),
  recent AS (
    SELECT DISTINCT app, hash
    FROM hashed
    WHERE dt >= ${daysAgo(days)}
  ),
  neighbours AS (
    SELECT DISTINCT
      later.app AS app,
      later.hash AS hash,
      earlier.first_image_id AS first_image_id,
      bit_count(bitwise_xor(later.hash, earlier.hash), 64) AS differing_bits
    FROM (
      ${masked('hashes', 'app, hash, first_image_id, images')}
    ) AS earlier
    JOIN (
      ${masked('recent', 'app, hash')}
    ) AS later
      ON earlier.app = later.app AND earlier.part = later.part
    WHERE bit_count(bitwise_xor(later.hash, earlier.hash), 64) <= ${MAX_DIFFERING_BITS}
      AND (later.hash <> earlier.hash OR (earlier.images > 1 AND later.part = ${FIRST_PART}))
  ),
  ranked AS (
    SELECT
      image.app AS app,
      image.dt AS dt,
      neighbour.first_image_id AS image_id,
      image.image_id AS other_image_id,
      neighbour.differing_bits AS differing_bits,
      row_number() OVER (
        PARTITION BY image.app, image.image_id ORDER BY neighbour.differing_bits, neighbour.first_image_id
      ) AS closeness
    FROM hashed AS image
    JOIN neighbours AS neighbour ON image.app = neighbour.app AND image.hash = neighbour.hash
    WHERE image.dt >= ${daysAgo(days)} AND neighbour.first_image_id < image.image_id
  )
  SELECT
    coalesce(found.app, before.app) AS app,
    coalesce(found.dt, before.dt) AS dt,
    found.image_id AS image_id,
    coalesce(found.other_image_id, before.other_image_id) AS other_image_id,
    found.differing_bits AS differing_bits
  FROM (SELECT * FROM ranked WHERE closeness = 1) AS found
  FULL OUTER JOIN (SELECT * FROM look_alikes WHERE dt >= ${daysAgo(days)}) AS before
    ON found.app = before.app AND found.dt = before.dt AND found.other_image_id = before.other_image_id
) AS alike
ON known.app = alike.app AND known.dt = alike.dt AND known.other_image_id = alike.other_image_id
  AND known.dt >= ${daysAgo(days)}
WHEN MATCHED AND alike.image_id IS NULL THEN DELETE
WHEN MATCHED AND (known.image_id <> alike.image_id OR known.differing_bits <> alike.differing_bits) THEN UPDATE SET
  image_id = alike.image_id,
  differing_bits = alike.differing_bits
WHEN NOT MATCHED THEN INSERT (app, dt, image_id, other_image_id, differing_bits)
  VALUES (alike.app, alike.dt, alike.image_id, alike.other_image_id, alike.differing_bits)`
}

/** A later version can have hashes of another length, which must not fail the whole statement: it is NULL, which equals nothing. */
const HASH = `CASE WHEN regexp_like(perceptual_hash, '^[0-9a-f]{16}$')
      THEN from_big_endian_64(from_hex(perceptual_hash)) END`

/**
 * Repeated on both sides of the join, because DuckDB would keep a common table of 21 rows per hash in memory. The salt keeps the
 * parts of different masks apart, so the join needs no column for the mask. A pair that meets by chance is compared like others.
 */
function masked(hashes: string, columns: string): string {
  return `SELECT ${columns}, bitwise_xor(bitwise_and(hash, mask), salt) AS part
      FROM ${hashes}
      CROSS JOIN (VALUES ${MASKS.map((mask, n) => `(${mask}, ${saltOf(n)})`).join(', ')}) AS masks (mask, salt)`
}

/** A multiple of 2^64 over the golden ratio, as a signed number of 64 bits. */
function saltOf(n: number): bigint {
  return BigInt.asIntN(64, BigInt(n + 1) * 0x9e3779b97f4a7c15n)
}

/** Two of seven parts of 9 or 10 bits each, as signed numbers of 64 bits. */
const MASKS = pairsOf(partsOf(64, 7)).map(([one, other]) => BigInt.asIntN(64, one | other))

/** Equal hashes meet under each mask; one of them is enough, and only if several images have the hash. */
const FIRST_PART = `bitwise_xor(bitwise_and(later.hash, ${MASKS[0]}), ${saltOf(0)})`

function partsOf(bits: number, count: number): bigint[] {
  const edges = Array.from({ length: count + 1 }, (_, n) => BigInt(Math.ceil((bits * n) / count)))
  return edges.slice(1).map((end, n) => (1n << end) - (1n << (edges[n] ?? 0n)))
}

function pairsOf<Item>(items: Item[]): [Item, Item][] {
  return items.flatMap((one, n) => items.slice(n + 1).map((other): [Item, Item] => [one, other]))
}

import { documentColumns } from '@darkroom/analytics'
import { PERCEPTUAL_HASH_VERSION, type Warning } from '@darkroom/core'
import { duckDbType } from './create-tables.ts'

/** The same settings generate the same documents. */
export interface Generation {
  images: number
  seed: number
  /** The number of days on which the images were accepted, most of them recently. */
  days: number
  /** The last of these days, `yyyy-mm-dd`, or a time on it, ISO 8601. Nothing happens later. */
  until: string
}

/**
 * A DuckDB SELECT that generates realistic metadata documents with the columns of `image_documents`: five apps and two
 * sources, cameras and phones, days and nights, failures, erasures, warnings, some long waits, and about one in twenty images
 * that looks like another one of its app or has the same bytes.
 */
export function generatedDocuments(generation: Generation): string {
  const values = valuesUntil(lastTime(generation))
  const columns = documentColumns().map(({ name, type }) => {
    const value = values[name] ?? 'NULL'
    return `CAST(CASE WHEN ${isIn(name)} THEN ${value} END AS ${duckDbType(type)}) AS ${name}`
  })
  return `${drawnImages(generation)}\nSELECT\n  ${columns.join(',\n  ')}\nFROM developed`
}

const RECEIPT = ['schema_version', 'image_id', 'app', 'accepted_at', 'status', 'dt']
const ONLY_IN_RECEIPTS = ['erased_at', 'erased_by', 'erased_objects']
const ONLY_IN_FAILURES = ['failure_type', 'failure_detail']
const ARRIVAL = [
  ...['finished_at', 'origin', 'kafka_topic', 'kafka_partition', 'kafka_offset', 'filename', 'attributes'],
  ...['engine', 'content_type', 'bytes', 'sha256', 'queued_ms', 'processing_ms', 'receive_count'],
]

function isIn(column: string): string {
  if (RECEIPT.includes(column)) return 'true'
  if (ONLY_IN_RECEIPTS.includes(column)) return "status = 'erased'"
  if (ONLY_IN_FAILURES.includes(column)) return "status = 'failed'"
  return ARRIVAL.includes(column) ? "status <> 'erased'" : "status = 'processed'"
}

/** SQL: the time after which nothing happens. */
function lastTime({ until }: Generation): string {
  return `TIMESTAMP '${new Date(until.length === 10 ? `${until}T23:59:59.999Z` : until).toISOString().slice(0, -1)}'`
}

/** SQL expressions over `drawnImages`. Other columns are in no document. */
const valuesUntil = (last: string): Record<string, string> => ({
  schema_version: '1',
  image_id: 'image_id',
  app: 'app',
  accepted_at: iso('accepted'),
  finished_at: iso('accepted + to_milliseconds(queued_ms + processing_ms)'),
  origin: 'origin',
  kafka_topic: "CASE WHEN origin = 'kafka' THEN 'images.' || app END",
  kafka_partition: "CASE WHEN origin = 'kafka' THEN i % 6 END",
  kafka_offset: "CASE WHEN origin = 'kafka' THEN i // 6 END",
  filename: "'IMG_' || lpad(CAST(i % 10000 AS VARCHAR), 4, '0') || extension",
  attributes: `map_from_entries(list_concat(
    ${entryIf('i % 4 = 0', 'album', "'album-' || (i // 400 % 5000)")},
    ${entryIf('h2 % 7 = 0', 'licence', "['cc-by', 'cc0', 'editorial'][CAST(1 + h1 % 3 AS BIGINT)]")},
    ${entryIf('h3 % 11 = 0', 'note', "['Low tide', 'Straße am Meer', '夕焼け 🌅'][CAST(1 + h2 % 3 AS BIGINT)]")},
    ${entryIf('h1 % 3 = 0', 'photographer', "'photographer-' || (h2 % 40)")},
    ${entryIf("app = 'shop'", 'sku', "'sku-' || (h3 % 9000)")}))`,
  engine: "CASE WHEN status = 'processed' THEN 'sharp' END",
  content_type: 'content_type',
  bytes: 'bytes',
  sha256: "format('{:016x}{:016x}{:016x}{:016x}', c1, c2, xor(c1, c3), c3)",
  queued_ms: 'queued_ms',
  processing_ms: 'processing_ms',
  receive_count: "CASE WHEN failure = 'retries-exhausted' THEN 5 WHEN queued_ms > 30000 THEN 2 ELSE 1 END",
  status: 'status',
  width: 'width',
  height: 'height',
  taken_at: "CASE WHEN camera > 0 THEN strftime(accepted - to_hours(i % 400), '%Y-%m-%dT%H:%M:%S') END",
  camera_make: 'make',
  camera_model: 'model',
  lens: "CASE WHEN camera > 8 THEN make || ' ' || (24 + h1 % 4 * 26) || 'mm' END",
  focal_length_mm: 'CASE WHEN camera > 0 THEN CASE WHEN camera > 8 THEN 24 + h1 % 4 * 26 ELSE 4.25 END END',
  exposure_seconds: 'CASE WHEN camera > 0 THEN 1.0 / (15 * (1 + h2 % 67)) END',
  aperture: 'CASE WHEN camera > 0 THEN [1.8, 2.8, 4, 8][CAST(1 + h3 % 4 AS BIGINT)] END',
  iso: 'CASE WHEN camera > 0 THEN 50 * (1 + c1 % 64) END',
  flash_fired: 'CASE WHEN camera > 0 THEN c2 % 9 = 0 END',
  software: "CASE WHEN camera > 0 THEN make || ' ' || (1 + h2 % 3) || '.0' END",
  orientation: 'CASE WHEN camera > 0 THEN CASE WHEN height > width THEN 6 ELSE 1 END END',
  had_location: 'camera > 8 AND c3 % 3 > 0',
  had_content_credentials: 'c3 % 50 = 0',
  thumbhash: "to_base64(unhex(format('{:016x}{:016x}{:08x}', c2, c3, c1 % 4294967296)))",
  dominant_color: "format('#{:06x}', c2 % 16777216)",
  perceptual_hash: "format('{:016x}', xor(look, flipped))",
  perceptual_hash_version: String(PERCEPTUAL_HASH_VERSION),
  preset: "'default'",
  preset_version: '1',
  variants: `[
    ${variant('thumb', 320, 'webp')}, ${variant('medium', 1024, 'jpeg')}, ${variant('large', 2048, 'jpeg')}]`,
  variants_bytes: `${variantBytes(320)} + ${variantBytes(1024)} + ${variantBytes(2048)}`,
  warnings: 'warnings',
  failure_type: 'failure',
  failure_detail: "'The image could not be developed: ' || failure || '.'",
  erased_at: iso(`least(accepted + to_hours(1 + i % 700), ${last})`),
  erased_by: "format('{:016x}', h3)",
  erased_objects: '4',
  dt: "strftime(accepted, '%Y-%m-%d')",
})

function entryIf(condition: string, key: string, value: string): string {
  return `CASE WHEN ${condition} THEN [{k: '${key}', v: ${value}}] ELSE [] END`
}

function iso(time: string): string {
  return `strftime(${time}, '%Y-%m-%dT%H:%M:%S.%gZ')`
}

function variant(name: string, size: number, format: 'jpeg' | 'webp'): string {
  const key = `'processed/' || app || '/' || strftime(accepted, '%Y-%m-%d') || '/' || image_id || '/${name}.${format === 'jpeg' ? 'jpg' : format}'`
  return `{name: '${name}', key: ${key}, content_type: 'image/${format}', width: ${scaled('width', size)}, height: ${scaled('height', size)}, bytes: ${variantBytes(size)}}`
}

function scaled(side: string, size: number): string {
  return `CAST(ceil(${side} * least(1, ${size} / greatest(width, height))) AS BIGINT)`
}

function variantBytes(size: number): string {
  return `CAST(800 + ${scaled('width', size)} * ${scaled('height', size)} * 0.14 * detail AS BIGINT)`
}

const CAMERAS = [
  ['Canon', 'EOS 450D', 4272, 2848],
  ['Canon', 'EOS R6', 5472, 3648],
  ['NIKON CORPORATION', 'NIKON D750', 6016, 4016],
  ['NIKON CORPORATION', 'NIKON Z 6', 6048, 4024],
  ['SONY', 'ILCE-7M3', 6000, 4000],
  ['FUJIFILM', 'X-T3', 6240, 4160],
  ['Panasonic', 'DMC-GX80', 4592, 3448],
  ['OLYMPUS CORPORATION', 'E-M10MarkII', 4608, 3456],
  ['Apple', 'iPhone 12', 4032, 3024],
  ['Apple', 'iPhone 15 Pro', 4032, 3024],
  ['samsung', 'SM-S901B', 4000, 3000],
  ['Google', 'Pixel 8', 4080, 3072],
] as const

/** Reasons, the most frequent first. */
const FAILURES = [
  'corrupt-image',
  'image-too-large',
  'unsupported-media-type',
  'too-many-frames',
  'retries-exhausted',
]

/** What is unusual about images that are processed anyway, the most frequent first. */
const UNUSUAL: Warning[] = [
  'trailing-data',
  'bad-exif',
  'gain-map-ignored',
  'extra-images-ignored',
  'bad-color-profile',
]

function drawnImages(generation: Generation): string {
  const { images, seed, days, until } = generation
  const last = lastTime(generation)
  /** A uniformly distributed number from 0 to 1, for an image and a purpose. */
  const draw = (purpose: string, image = 'i') =>
    `((hash(${image}, '${purpose}', ${seed}) >> 11) / 9007199254740992.0)`
  const normal = (purpose: string, image = 'i') =>
    `(sqrt(-2 * ln(1 - ${draw(`${purpose} 1`, image)})) * cos(2 * pi() * ${draw(`${purpose} 2`, image)}))`
  const pick = (values: readonly (string | number)[], index: string) =>
    `[${values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(', ')}][${index}]`
  const ofCamera = (n: 0 | 1 | 2 | 3) =>
    pick(
      CAMERAS.map((camera) => camera[n]),
      'camera',
    )

  return `WITH numbered AS (
  -- A look-alike is a copy of an image a few rows before it.
  SELECT range AS i, CASE WHEN ${draw('copy', 'range')} < 0.05 THEN range - 1 - range % 50 ELSE range END AS original
  FROM range(${images})
),
sourced AS (
  -- A third of the look-alikes are the same file.
  SELECT *, CASE WHEN ${draw('same')} < 0.33 THEN original ELSE i END AS source FROM numbered
),
drawn AS (
  SELECT
    i,
    hash(i, 'h1', ${seed}) AS h1,
    hash(i, 'h2', ${seed}) AS h2,
    hash(i, 'h3', ${seed}) AS h3,
    hash(source, 'c1', ${seed}) AS c1,
    hash(source, 'c2', ${seed}) AS c2,
    hash(source, 'c3', ${seed}) AS c3,
    hash(original, 'look', ${seed}) AS look,
    CASE WHEN source = original THEN 0::UBIGINT ELSE
      (CASE WHEN i % 3 > 0 THEN 1::UBIGINT << (h1 % 64)::INTEGER ELSE 0::UBIGINT END)
      | (CASE WHEN i % 5 > 2 THEN 1::UBIGINT << (h2 % 64)::INTEGER ELSE 0::UBIGINT END)
    END AS flipped,
    ${pick(['web-app-1', 'web-app-1', 'web-app-1', 'web-app-1', 'web-app-2', 'web-app-2', 'shop', 'press', 'archive'], `1 + CAST(floor(9 * ${draw('app', 'original')}) AS BIGINT)`)} AS app,
    CASE WHEN app = 'web-app-2' AND ${draw('way')} < 0.8 THEN 'kafka' ELSE 'http' END AS origin,
    -- More recent than old images, and more by day than by night.
    CAST(floor(${days} * pow(${draw('day')}, 1.5)) AS INTEGER) AS drawn_days_ago,
    (epoch_ms(${last}) - epoch_ms(DATE '${until.slice(0, 10)}')) / 86400000.0 AS elapsed,
    -- A last day that is not over has as many images less.
    CASE WHEN drawn_days_ago = 0 AND ${days} > 1 AND ${draw('moved')} > elapsed
      THEN 1 + CAST(floor(${days - 1} * ${draw('moved to')}) AS INTEGER) ELSE drawn_days_ago END AS days_ago,
    DATE '${until.slice(0, 10)}' - days_ago + to_milliseconds(CAST(floor(
      86400000 * (${draw('hour 1')} + ${draw('hour 2')}) / 2 * CASE WHEN days_ago = 0 THEN elapsed ELSE 1 END
    ) AS BIGINT)) AS drawn_time,
    CASE WHEN ${draw('end')} < 0.965 THEN 'processed' WHEN ${draw('end')} < 0.99 THEN 'failed' ELSE 'erased' END AS status,
    ${pick(FAILURES, `1 + CAST(floor(5 * pow(${draw('reason')}, 2)) AS BIGINT)`)} AS failure,
    CASE WHEN ${draw('type', 'source')} < 0.78 THEN 'image/jpeg' WHEN ${draw('type', 'source')} < 0.9 THEN 'image/png'
      WHEN ${draw('type', 'source')} < 0.96 THEN 'image/webp' WHEN ${draw('type', 'source')} < 0.98 THEN 'image/gif' ELSE 'image/avif' END AS content_type,
    CASE WHEN content_type = 'image/jpeg' AND ${draw('exif', 'source')} < 0.8
      THEN 1 + CAST(floor(${CAMERAS.length} * (1 - pow(${draw('camera', 'source')}, 2))) AS BIGINT) ELSE 0 END AS camera,
    exp(0.3 * ${normal('detail', 'source')}) AS detail,
    CAST(exp(4.8 + 0.7 * ${normal('queue')})
      * CASE WHEN ${draw('burst')} < 0.01 THEN 30 ELSE 1 END
      * CASE WHEN ${draw('outage')} < 0.0005 THEN 1000 ELSE 1 END AS BIGINT) AS queued_ms,
    CASE WHEN ${draw('unusual', 'source')} < 0.04
      THEN [${pick(UNUSUAL, `1 + CAST(floor(${UNUSUAL.length} * pow(${draw('warning', 'source')}, 2)) AS BIGINT)`)}] END AS warnings
  FROM sourced
),
sized AS (
  SELECT
    *,
    CASE WHEN camera > 0 THEN ${ofCamera(0)} END AS make,
    CASE WHEN camera > 0 THEN ${ofCamera(1)} END AS model,
    CASE WHEN camera > 0 THEN ${ofCamera(2)} ELSE 640 + c1 % 1600 END AS long_side,
    CASE WHEN camera > 0 THEN ${ofCamera(3)} ELSE 480 + c2 % 800 END AS short_side,
    CASE content_type WHEN 'image/jpeg' THEN '.JPG' ELSE replace(content_type, 'image/', '.') END AS extension
  FROM drawn
),
timed AS (
  SELECT
    *,
    CAST(30 + long_side * short_side / 5e4 * exp(0.25 * ${normal('speed')}) AS BIGINT) AS processing_ms,
    -- Finished before the end.
    drawn_time - to_milliseconds(
      greatest(0, epoch_ms(drawn_time) + queued_ms + processing_ms - epoch_ms(${last}))) AS accepted
  FROM sized
),
developed AS (
  SELECT
    *,
    CAST(CASE WHEN c3 % 10 < 3 THEN short_side ELSE long_side END AS BIGINT) AS width,
    CAST(CASE WHEN c3 % 10 < 3 THEN long_side ELSE short_side END AS BIGINT) AS height,
    CAST(2000 + detail * long_side * short_side * CASE content_type
      WHEN 'image/png' THEN 1.1 WHEN 'image/gif' THEN 0.5 WHEN 'image/jpeg' THEN 0.25 ELSE 0.1 END AS BIGINT) AS bytes,
    concat_ws('-',
      format('{:08x}', epoch_ms(accepted) >> 16),
      format('{:04x}', epoch_ms(accepted) & 65535),
      format('7{:03x}', h1 % 4096),
      format('{:x}{:03x}', 8 + h2 % 4, h2 >> 52),
      format('{:012x}', h3 >> 16)) AS image_id
  FROM timed
)`
}

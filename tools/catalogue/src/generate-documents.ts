import { documentColumns } from '@darkroom/analytics'
import { duckDbType } from './create-tables.ts'

/** The same settings generate the same documents. */
export interface Generation {
  images: number
  seed: number
  /** The number of days on which the images were accepted, most of them recently. */
  days: number
  /** The last of these days, `yyyy-mm-dd`. */
  until: string
}

/**
 * A DuckDB SELECT that generates realistic metadata documents with the columns of `image_documents`: five apps and two
 * sources, cameras and phones, days and nights, failures, erasures, some long waits, and about one in twenty images that
 * looks like another one of its app.
 */
export function generatedDocuments(generation: Generation): string {
  const columns = documentColumns().map(({ name, type }) => {
    const value = VALUES[name] ?? 'NULL'
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

/** SQL expressions over `drawnImages`. Other columns are in no document. */
const VALUES: Record<string, string> = {
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
  attributes: "CASE WHEN i % 4 = 0 THEN MAP {'album': 'album-' || (i // 400 % 5000)} ELSE MAP {} END",
  engine: "CASE WHEN status = 'processed' THEN 'sharp' END",
  content_type: 'content_type',
  bytes: 'bytes',
  sha256: "format('{:016x}{:016x}{:016x}{:016x}', h1, h2, xor(h1, h3), h3)",
  queued_ms: 'queued_ms',
  processing_ms: 'processing_ms',
  receive_count: "CASE WHEN failure = 'retries-exhausted' THEN 5 WHEN queued_ms > 30000 THEN 2 ELSE 1 END",
  status: 'status',
  width: 'width',
  height: 'height',
  taken_at: "CASE WHEN camera > 0 THEN strftime(accepted - to_hours(i % 400), '%Y-%m-%dT%H:%M:%S') END",
  camera_make: 'make',
  camera_model: 'model',
  orientation: 'CASE WHEN camera > 0 THEN CASE WHEN height > width THEN 6 ELSE 1 END END',
  had_location: 'camera > 8 AND h3 % 3 > 0',
  thumbhash: "to_base64(unhex(format('{:016x}{:016x}{:08x}', h2, h3, h1 % 4294967296)))",
  dominant_color: "format('#{:06x}', h2 % 16777216)",
  perceptual_hash: "format('{:016x}', xor(look, flipped))",
  preset: "'default'",
  preset_version: '1',
  variants: `[
    ${variant('thumb', 320, 'webp')}, ${variant('medium', 1024, 'jpeg')}, ${variant('large', 2048, 'jpeg')}]`,
  variants_bytes: `${variantBytes(320)} + ${variantBytes(1024)} + ${variantBytes(2048)}`,
  failure_type: 'failure',
  failure_detail: "'The image could not be developed: ' || failure || '.'",
  erased_at: iso('accepted + to_hours(1 + i % 700)'),
  erased_by: "substr(format('{:016x}', h3), 1, 12)",
  erased_objects: '4',
  dt: "strftime(accepted, '%Y-%m-%d')",
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

function drawnImages({ images, seed, days, until }: Generation): string {
  /** A uniformly distributed number from 0 to 1, for an image and a purpose. */
  const draw = (purpose: string, image = 'i') =>
    `((hash(${image}, '${purpose}', ${seed}) >> 11) / 9007199254740992.0)`
  const normal = (purpose: string) =>
    `(sqrt(-2 * ln(1 - ${draw(`${purpose} 1`)})) * cos(2 * pi() * ${draw(`${purpose} 2`)}))`
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
drawn AS (
  SELECT
    i,
    hash(i, 'h1', ${seed}) AS h1,
    hash(i, 'h2', ${seed}) AS h2,
    hash(i, 'h3', ${seed}) AS h3,
    hash(original, 'look', ${seed}) AS look,
    CASE WHEN original = i THEN 0::UBIGINT ELSE
      (CASE WHEN i % 3 > 0 THEN 1::UBIGINT << (h1 % 64)::INTEGER ELSE 0::UBIGINT END)
      | (CASE WHEN i % 5 > 2 THEN 1::UBIGINT << (h2 % 64)::INTEGER ELSE 0::UBIGINT END)
    END AS flipped,
    ${pick(['web-app-1', 'web-app-1', 'web-app-1', 'web-app-1', 'web-app-2', 'web-app-2', 'shop', 'press', 'archive'], `1 + CAST(floor(9 * ${draw('app', 'original')}) AS BIGINT)`)} AS app,
    CASE WHEN app = 'web-app-2' AND ${draw('way')} < 0.8 THEN 'kafka' ELSE 'http' END AS origin,
    -- More recent than old images, and more by day than by night.
    DATE '${until}' - CAST(floor(${days} * pow(${draw('day')}, 1.5)) AS INTEGER)
      + to_milliseconds(CAST(floor(86400000 * (${draw('hour 1')} + ${draw('hour 2')}) / 2) AS BIGINT)) AS accepted,
    CASE WHEN ${draw('end')} < 0.965 THEN 'processed' WHEN ${draw('end')} < 0.99 THEN 'failed' ELSE 'erased' END AS status,
    ${pick(FAILURES, `1 + CAST(floor(5 * pow(${draw('reason')}, 2)) AS BIGINT)`)} AS failure,
    CASE WHEN ${draw('type')} < 0.78 THEN 'image/jpeg' WHEN ${draw('type')} < 0.9 THEN 'image/png'
      WHEN ${draw('type')} < 0.96 THEN 'image/webp' WHEN ${draw('type')} < 0.98 THEN 'image/gif' ELSE 'image/avif' END AS content_type,
    CASE WHEN content_type = 'image/jpeg' AND ${draw('exif')} < 0.8
      THEN 1 + CAST(floor(${CAMERAS.length} * (1 - pow(${draw('camera')}, 2))) AS BIGINT) ELSE 0 END AS camera,
    exp(0.3 * ${normal('detail')}) AS detail,
    CAST(exp(4.8 + 0.7 * ${normal('queue')})
      * CASE WHEN ${draw('burst')} < 0.01 THEN 30 ELSE 1 END
      * CASE WHEN ${draw('outage')} < 0.0005 THEN 1000 ELSE 1 END AS BIGINT) AS queued_ms
  FROM numbered
),
sized AS (
  SELECT
    *,
    CASE WHEN camera > 0 THEN ${ofCamera(0)} END AS make,
    CASE WHEN camera > 0 THEN ${ofCamera(1)} END AS model,
    CASE WHEN camera > 0 THEN ${ofCamera(2)} ELSE 640 + h1 % 1600 END AS long_side,
    CASE WHEN camera > 0 THEN ${ofCamera(3)} ELSE 480 + h2 % 800 END AS short_side,
    CASE content_type WHEN 'image/jpeg' THEN '.JPG' ELSE replace(content_type, 'image/', '.') END AS extension
  FROM drawn
),
developed AS (
  SELECT
    *,
    CAST(CASE WHEN h3 % 10 < 3 THEN short_side ELSE long_side END AS BIGINT) AS width,
    CAST(CASE WHEN h3 % 10 < 3 THEN long_side ELSE short_side END AS BIGINT) AS height,
    CAST(2000 + detail * long_side * short_side * CASE content_type
      WHEN 'image/png' THEN 1.1 WHEN 'image/gif' THEN 0.5 WHEN 'image/jpeg' THEN 0.25 ELSE 0.1 END AS BIGINT) AS bytes,
    CAST(30 + long_side * short_side / 5e4 * exp(0.25 * ${normal('speed')}) AS BIGINT) AS processing_ms,
    concat_ws('-',
      format('{:08x}', epoch_ms(accepted) >> 16),
      format('{:04x}', epoch_ms(accepted) & 65535),
      format('7{:03x}', h1 % 4096),
      format('{:x}{:03x}', 8 + h2 % 4, h2 >> 52),
      format('{:012x}', h3 >> 16)) AS image_id
  FROM sized
)`
}

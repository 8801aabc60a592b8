/** `12,345` */
export function count(value: number): string {
  return value.toLocaleString('en')
}

/** `1 image`, `12 images` */
export function images(value: number): string {
  return `${count(value)} ${value === 1 ? 'image' : 'images'}`
}

/** `1.2 %`, `37 %`. A small value is `< 0.1 %`, never `0 %`. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–'
  const value = (100 * part) / whole
  if (value > 0 && value < 0.1) return '< 0.1 %'
  return `${value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 }).replace('-', '−')} %`
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `1.2 GB` (decimal: 1 GB is 1,000 MB). */
export function bytes(value: number): string {
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(value, 1)) / 3), 0), SIZES.length - 1)
  return `${short(value / 1000 ** power)} ${SIZES[power]}`
}

/** `0.84 s`, `12 s`, `3.5 min`, never broken into two lines */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000
  return value < 120 ? `${short(value)}\u00a0s` : `${short(value / 60)}\u00a0min`
}

/** `$1,234`, `$0.40`, `$0.0031` */
export function dollars(value: number): string {
  if (value === 0) return '$0'
  if (value < 0.1) return `$${value.toLocaleString('en', { maximumSignificantDigits: 2 })}`
  const digits = value < 100 ? 2 : 0
  return `$${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}

/** Two or three significant digits. */
function short(value: number): string {
  return value.toLocaleString('en', {
    maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0,
  })
}

const SOURCE_NAMES: Record<string, string> = { http: 'HTTP', kafka: 'Kafka' }

/** `HTTP`, `Kafka` */
export function sourceName(origin: string): string {
  return SOURCE_NAMES[origin] ?? origin
}

/** `corrupt-image` as `corrupt image`. */
export function reason(slug: string): string {
  return slug.replaceAll('-', ' ')
}

/** Longer values would make the list of values wider than a telephone. */
const MAX_LABEL = 40

/** `rating: 5` */
export function attributeLabel({ name, value }: { name: string; value: string }): string {
  const text = value.trim() === '' ? '(empty)' : value
  return `${name}: ${text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1).toWellFormed()}…` : text}`
}

/** `image/jpeg` as `JPEG`. */
export function format(mediaType: string): string {
  const name = mediaType.replace(/^image\//, '')
  return name === 'webp' ? 'WebP' : name.toUpperCase()
}

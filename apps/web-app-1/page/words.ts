import type { ImageStatus } from '@darkroom/client'

/** `716 KB`, `5.2 MB` */
export function bytesInWords(bytes: number): string {
  const kilobytes = Math.ceil(bytes / 1024)
  return kilobytes < 1024 ? `${kilobytes} KB` : `${(bytes / 1024 / 1024).toFixed(1).replace('.0', '')} MB`
}

/** `716 KB → 301 KB (−58 %)` */
export function saving(before: number, after: number): string {
  const percent = Math.round((after / before - 1) * 100)
  const change = `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`
  return `${bytesInWords(before)} → ${bytesInWords(after)} (${change})`
}

/** `JPEG, PNG or WebP` */
export function anyOf(words: string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(words)
}

/** `NIKON D80`, for makers that repeat themselves in the model and for those that do not. */
export function cameraOf({ cameraMake = '', cameraModel = '' }: NonNullable<ImageStatus['exif']>): string {
  const maker = cameraMake.split(' ', 1)[0] ?? ''
  return cameraModel.toLowerCase().startsWith(maker.toLowerCase())
    ? cameraModel
    : `${cameraMake} ${cameraModel}`
}

/** A camera's time has no zone: it is shown as the camera's clock had it. */
export function takenAt(time: string): string {
  return new Date(time.slice(0, 19)).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
}

export function timeOfDay(time: string): string {
  return new Date(time).toLocaleTimeString('en-GB', { timeStyle: 'short' })
}

import type { ImageStatus } from '@darkroom/client'
import { MONTHS } from '@darkroom/page/months'

/** `716 KB`, `5.2 MB` */
export function formatBytes(bytes: number): string {
  const kilobytes = Math.ceil(bytes / 1024)
  return kilobytes < 1024 ? `${kilobytes} KB` : `${(bytes / 1024 / 1024).toFixed(1).replace('.0', '')} MB`
}

/** `716 KB → 301 KB (−58 %)` */
export function saving(before: number, after: number): string {
  const percent = Math.round((after / before - 1) * 100)
  const change = `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`
  return `${formatBytes(before)} → ${formatBytes(after)} (${change})`
}

/** `JPEG, PNG or WebP` */
export function anyOf(words: string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter(Boolean).join(' or ')
}

/** `NIKON D80`, whether or not the model name includes the maker. */
export function cameraOf({ cameraMake = '', cameraModel = '' }: NonNullable<ImageStatus['exif']>): string {
  const maker = cameraMake.split(' ', 1)[0] ?? ''
  return cameraModel.toLowerCase().startsWith(maker.toLowerCase())
    ? cameraModel
    : `${cameraMake} ${cameraModel}`
}

/** EXIF times have no time zone, so this shows the camera's local time. */
export function takenAt(time: string): string {
  return dateAndTime(new Date(time.slice(0, 19)))
}

/** `14:32` today, `3 Nov 2026, 14:32` on other days. */
export function moment(time: string): string {
  const date = new Date(time)
  return date.toDateString() === new Date().toDateString() ? timeOfDay(date) : dateAndTime(date)
}

function dateAndTime(date: Date): string {
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}, ${timeOfDay(date)}`
}

function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':')
}

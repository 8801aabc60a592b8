import { formatBytes, formatChange, formatDateAndTime } from '@darkroom/page/format'

/** `716 KB → 301 KB (−58 %)` */
export function saving(before: number, after: number): string {
  return `${formatBytes(before)} → ${formatBytes(after)} (${formatChange(before, after)})`
}

/** `JPEG, PNG or WebP` */
export function anyOf(words: string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter(Boolean).join(' or ')
}

/** EXIF times have no time zone, so this shows the camera's local time. */
export function takenAt(time: string): string {
  return formatDateAndTime(new Date(time.slice(0, 19)))
}

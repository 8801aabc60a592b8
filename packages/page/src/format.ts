/** English names, as all pages are in English. A phone needs 200 ms for its first `Intl.DateTimeFormat`. */
export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `716 KB`, `5.2 MB` */
export function formatBytes(bytes: number): string {
  const kilobytes = Math.ceil(bytes / 1024)
  return kilobytes < 1024 ? `${kilobytes} KB` : `${(bytes / 1024 / 1024).toFixed(1).replace('.0', '')} MB`
}

/** `−58 %`, `+3 %`, `0 %` */
export function formatChange(before: number, after: number): string {
  const percent = Math.round((after / before - 1) * 100)
  const sign = percent < 0 ? '−' : percent > 0 ? '+' : ''
  return `${sign}${Math.abs(percent)} %`
}

/** `14:32` today, `3 Nov 2026, 14:32` on other days. */
export function formatTime(iso: string): string {
  const date = new Date(iso)
  return date.toDateString() === new Date().toDateString() ? timeOfDay(date) : formatDateAndTime(date)
}

/** `3 Nov 2026, 14:32` */
export function formatDateAndTime(date: Date): string {
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}, ${timeOfDay(date)}`
}

function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** `NIKON D80`, whether or not the model's name includes the maker's. Empty if neither is known. */
export function cameraOf({ cameraMake = '', cameraModel = '' }: Camera): string {
  const [maker = ''] = cameraMake.split(' ')
  const hasMaker = cameraModel.toLowerCase().startsWith(maker.toLowerCase())
  return (hasMaker ? cameraModel : `${cameraMake} ${cameraModel}`).trim()
}

interface Camera {
  cameraMake?: string | undefined
  cameraModel?: string | undefined
}

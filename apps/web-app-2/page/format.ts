/** `716 KB`, `5.2 MB` */
export function formatBytes(bytes: number): string {
  const kilobytes = Math.ceil(bytes / 1024)
  return kilobytes < 1024 ? `${kilobytes} KB` : `${(bytes / 1024 / 1024).toFixed(1).replace('.0', '')} MB`
}

/** `−94 %` */
export function formatChange(before: number, after: number): string {
  const percent = Math.round((after / before - 1) * 100)
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`
}

/** `14:05` today, otherwise `25 Nov 2026, 14:05` */
export function formatTime(iso: string): string {
  const time = new Date(iso)
  const isToday = time.toDateString() === new Date().toDateString()
  const day = isToday ? {} : ({ day: 'numeric', month: 'short', year: 'numeric' } as const)
  return time.toLocaleString([], { ...day, hour: '2-digit', minute: '2-digit' })
}

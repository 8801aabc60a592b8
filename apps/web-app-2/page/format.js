// @ts-check

/** `716 KB`, `5.2 MB` @param {number} bytes */
export function formatBytes(bytes) {
  const kilobytes = Math.ceil(bytes / 1024)
  return kilobytes < 1024 ? `${kilobytes} KB` : `${(bytes / 1024 / 1024).toFixed(1).replace('.0', '')} MB`
}

/** `−94 %` @param {number} before @param {number} after */
export function formatChange(before, after) {
  const percent = Math.round((after / before - 1) * 100)
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`
}

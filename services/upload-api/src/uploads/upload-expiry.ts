/** How long a URL for an upload works; for a slow line, as a part is at most 5 MB and a form at most 50. */
export const VALID_SECONDS = 3600

export function expiryFromNow(): string {
  return new Date(Date.now() + VALID_SECONDS * 1000).toISOString()
}

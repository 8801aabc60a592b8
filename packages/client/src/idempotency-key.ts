/**
 * A UUIDv7 (RFC 9562, section 5.7): make one for each image before its first attempt, and use it for all of them.
 * It becomes the image's id. Needs a secure context, as `crypto.randomUUID` does: https, or localhost.
 */
export function newIdempotencyKey(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`
}

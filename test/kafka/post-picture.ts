/** Uploads as Web App #2's page does, which repeats an upload with the same key. */
export function postPicture(
  webApp2: string,
  image: Buffer,
  { idempotencyKey, note }: { idempotencyKey?: string | undefined; note?: string | undefined } = {},
): Promise<Response> {
  const body = new FormData()
  body.set('file', new File([new Uint8Array(image)], 'picture.png'))
  if (note) body.set('attributes', JSON.stringify({ note }))
  const headers: Record<string, string> = idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}
  return fetch(`${webApp2}/api/images`, { method: 'POST', body, headers })
}

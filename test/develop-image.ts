import type { ImageStatus, UploadAccepted } from '@darkroom/core'
import type { Stack } from '@darkroom/local-stack'
import { expect } from '@jest/globals'

export type Body = NonNullable<RequestInit['body']>

/** Web App #1's key in every local stack. */
export const AUTHORIZATION = 'Bearer dk_test_913e5ec500000001_LocalDevelopmentOnlyNotASecret01f28edb79'

export function upload(stack: Stack, body: Body, headers: Record<string, string> = {}): Promise<Response> {
  const request = { method: 'POST', body, headers: { authorization: AUTHORIZATION, ...headers } }
  return fetch(`${stack.endpoints.uploadApi}/v1/images`, request)
}

export async function statusOf(
  stack: Stack,
  id: string,
  headers: Record<string, string> = {},
): Promise<ImageStatus> {
  const answer = await fetch(`${stack.endpoints.uploadApi}/v1/images/${id}`, {
    headers: { authorization: AUTHORIZATION, ...headers },
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as ImageStatus
}

/** Uploads an image and waits until its status is final. */
export async function develop(
  stack: Stack,
  body: Body,
  headers: Record<string, string> = {},
): Promise<ImageStatus> {
  const accepted = await upload(stack, body, headers)
  expect(accepted.status).toBe(202)
  const { id } = (await accepted.json()) as UploadAccepted
  while (true) {
    // A busy machine needs the rest of the function's 29 seconds for the answer.
    const image = await statusOf(stack, id, { prefer: 'wait=10' })
    if (image.status !== 'queued') return image
  }
}

import type { Attributes, ImageList, ImageStatus, ProblemSlug, UploadAccepted } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import * as client from './index.ts'

test('exports', () => {
  expect(Object.keys(client).toSorted()).toEqual(['DarkroomError', 'createClient', 'newIdempotencyKey'])
})

test('public types: a change here is a change for every user', () => {
  interface Signal {
    signal?: AbortSignal | undefined
  }
  expectTypeOf(client.createClient).parameters.toEqualTypeOf<
    [
      {
        url: string
        credential: string | (() => string | Promise<string>)
        stallTimeoutMs?: number | undefined
      },
    ]
  >()
  expectTypeOf(client.createClient).returns.toEqualTypeOf<client.Client>()
  expectTypeOf(client.newIdempotencyKey).toEqualTypeOf<() => string>()
  expectTypeOf<keyof client.Client>().toEqualTypeOf<'upload' | 'getImage' | 'listImages' | 'waitUntilFinal'>()
  expectTypeOf<client.Client['upload']>().branded.toEqualTypeOf<
    (file: Blob | Uint8Array<ArrayBuffer>, options?: client.UploadOptions) => Promise<UploadAccepted>
  >()
  expectTypeOf<client.UploadOptions>().branded.toEqualTypeOf<
    Signal & {
      filename?: string | undefined
      attributes?: Attributes | undefined
      idempotencyKey?: string | undefined
      onProgress?: ((progress: { sent: number; total: number }) => void) | undefined
    }
  >()
  expectTypeOf<client.Client['getImage']>().toEqualTypeOf<
    (id: string, options?: Signal) => Promise<ImageStatus>
  >()
  expectTypeOf<client.Client['listImages']>().returns.toEqualTypeOf<Promise<ImageList>>()
  expectTypeOf<client.ListOptions>().branded.toEqualTypeOf<
    Signal & { date?: string | undefined; limit?: number | undefined; cursor?: string | undefined }
  >()
  expectTypeOf<client.Client['waitUntilFinal']>().toEqualTypeOf<
    (id: string, options?: client.WaitOptions) => Promise<ImageStatus>
  >()
  expectTypeOf<client.WaitOptions>().branded.toEqualTypeOf<Signal & { timeout?: number | undefined }>()
  expectTypeOf<client.DarkroomErrorType>().toEqualTypeOf<ProblemSlug | 'network' | 'unexpected-answer'>()
  expectTypeOf<client.DarkroomError>().toExtend<
    Error & { type: client.DarkroomErrorType; status: number; detail: string; retryable: boolean }
  >()
})

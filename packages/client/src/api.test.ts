import type * as core from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import * as client from './index.ts'
import type { DirectUpload } from './upload-to-s3.ts'

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
        credential: client.Credential
        stallTimeoutMs?: number | undefined
      },
    ]
  >()
  expectTypeOf(client.createClient).returns.toEqualTypeOf<client.Client>()
  expectTypeOf(client.newIdempotencyKey).toEqualTypeOf<() => string>()
  expectTypeOf<keyof client.Client>().toEqualTypeOf<
    'upload' | 'getImage' | 'deleteImage' | 'listImages' | 'waitUntilFinal'
  >()
  expectTypeOf<client.Client['upload']>().branded.toEqualTypeOf<
    (file: Blob | Uint8Array<ArrayBuffer>, options?: client.UploadOptions) => Promise<client.UploadAccepted>
  >()
  expectTypeOf<client.UploadOptions>().branded.toEqualTypeOf<
    Signal & {
      filename?: string | undefined
      attributes?: client.Attributes | undefined
      uploader?: string | undefined
      idempotencyKey?: string | undefined
      onProgress?: ((progress: { sent: number; total: number }) => void) | undefined
    }
  >()
  expectTypeOf<client.Client['getImage']>().toEqualTypeOf<
    (id: string, options?: Signal) => Promise<client.ImageStatus>
  >()
  expectTypeOf<client.Client['deleteImage']>().toEqualTypeOf<client.Client['getImage']>()
  expectTypeOf<client.Client['listImages']>().returns.toEqualTypeOf<Promise<client.ImageList>>()
  expectTypeOf<client.ListOptions>().branded.toEqualTypeOf<
    Signal & { date?: string | undefined; limit?: number | undefined; cursor?: string | undefined }
  >()
  expectTypeOf<client.Client['waitUntilFinal']>().toEqualTypeOf<
    (id: string, options?: client.WaitOptions) => Promise<client.ImageStatus>
  >()
  expectTypeOf<client.WaitOptions>().branded.toEqualTypeOf<Signal & { timeout?: number | undefined }>()
  expectTypeOf<'network' | 'unexpected-answer'>().toExtend<client.DarkroomErrorType>()
  expectTypeOf<client.DarkroomError>().toExtend<
    Error & { type: client.DarkroomErrorType; status: number; detail: string; retryable: boolean }
  >()
})

test('the types have the fields of the API, and everything that it returns', () => {
  expectTypeOf<core.ProblemSlug>().toExtend<client.DarkroomErrorType>()
  expectTypeOf<core.Attributes>().toEqualTypeOf<client.Attributes>()
  expectTypeOf<core.UploadAccepted>().toExtend<client.UploadAccepted>()
  expectTypeOf<core.ImageStatus>().toExtend<client.ImageStatus>()
  expectTypeOf<core.ImageList>().toExtend<client.ImageList>()
  expectTypeOf<core.DirectUpload>().toExtend<DirectUpload>()
  expectTypeOf<Keys<client.UploadAccepted>>().toEqualTypeOf<Keys<core.UploadAccepted>>()
  expectTypeOf<Keys<client.ImageStatus>>().toEqualTypeOf<Keys<core.ImageStatus>>()
  expectTypeOf<Keys<client.ImageList>>().toEqualTypeOf<Keys<core.ImageList>>()
})

/** The paths of all fields: `id`, `original.bytes`, `variants.url`. */
type Keys<Value> = Value extends (infer Item)[]
  ? Keys<Item>
  : Value extends object
    ? string extends keyof Value
      ? never
      : { [Key in keyof Value & string]: Key | `${Key}.${Keys<Value[Key]>}` }[keyof Value & string]
    : never

import { PutObjectCommand } from '@aws-sdk/client-s3'
import { ProblemError } from '@darkroom/core'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { acceptedMessage, type Resources, startResources } from '../../test/start-resources.ts'
import type { Developed } from '../development/develop.ts'
import type { Attempt, OriginalFacts } from './commit.ts'

let resources: Resources
let commit: typeof import('./commit.ts')
let clients: typeof import('../clients.ts')
beforeAll(async () => {
  resources = await startResources()
  process.env.POWERTOOLS_METRICS_DISABLED = 'false'
  commit = await import('./commit.ts')
  clients = await import('../clients.ts')
})
afterAll(() => resources.stop())

const PRESET = { name: 'default', version: 1, variants: [] }
const DEVELOPED: Developed = {
  width: 400,
  height: 300,
  hadLocation: false,
  hadContentCredentials: false,
  thumbhash: 'AAAA',
  dominantColor: '#102030',
  perceptualHash: '0123456789abcdef',
  warnings: [],
  variants: [],
}
const CORRUPT = new ProblemError('corrupt-image', 'The JPEG is truncated.')
const EXHAUSTED = new ProblemError('retries-exhausted', 'The image could not be processed.')

function newAttempt(): Attempt & { original: OriginalFacts } {
  const message = acceptedMessage(Buffer.from('an image'))
  const { bytes, sha256 } = message.data
  const original = { bytes, sha256 }
  return { message, receiveCount: 1, started: Date.now(), engine: 'sharp', original }
}

const succeed = (attempt: ReturnType<typeof newAttempt>) =>
  commit.commitSuccess(attempt, PRESET, DEVELOPED, [])
const documentOf = ({ message }: Attempt) => resources.document(message.data)

/** Runs `intervene` right before the service's S3 client sends its nth write from now. */
function beforeWrite(nth: number, intervene: () => Promise<unknown>): void {
  let writes = 0
  clients.bucket.s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === PutObjectCommand.name && ++writes === nth) {
          clients.bucket.s3.middlewareStack.remove('intervene')
          await intervene()
        }
        return next(args)
      },
    { name: 'intervene', step: 'initialize' },
  )
}

test('the time until the first result is measured, and a later result is not', async () => {
  const attempt = newAttempt()
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await commit.commitFailure(attempt, EXHAUSTED)
    await succeed(attempt)
    const lines = write.mock.calls
      .map(([line]) => String(line))
      .filter((line) => line.includes('TimeToReady'))
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ stage: 'test', service: 'image-processor', TimeToReady: expect.any(Number) }),
    ])
  } finally {
    write.mockRestore()
  }
})

test('an image that cannot be developed again is counted, and keeps its document', async () => {
  const attempt = newAttempt()
  attempt.message.data.redevelop = { preset: 'default' }
  await succeed(attempt)
  const document = await documentOf(attempt)
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    expect(await commit.commitFailure(attempt, CORRUPT)).toBe(false)
    const lines = write.mock.calls.map(([line]) => String(line))
    expect(lines.filter((line) => line.includes('RedevelopmentsFailed'))).toHaveLength(1)
  } finally {
    write.mockRestore()
  }
  expect(await documentOf(attempt)).toEqual(document)
})

describe('a failure', () => {
  test('is committed, and a later failure replaces it', async () => {
    const attempt = newAttempt()
    expect(await commit.commitFailure(attempt, EXHAUSTED)).toBe(true)
    expect(await documentOf(attempt)).toMatchObject({ status: 'failed', failure_type: 'retries-exhausted' })
    expect(await commit.commitFailure(attempt, CORRUPT)).toBe(true)
    expect(await documentOf(attempt)).toMatchObject({
      failure_type: 'corrupt-image',
      failure_detail: CORRUPT.detail,
    })
  })

  test('is replaced by a success', async () => {
    const attempt = newAttempt()
    await commit.commitFailure(attempt, EXHAUSTED)
    await succeed(attempt)
    const document = await documentOf(attempt)
    expect(document.status).toBe('processed')
    expect(document).not.toHaveProperty('failure_type')
  })

  test('never replaces a success', async () => {
    const attempt = newAttempt()
    await succeed(attempt)
    const processed = await documentOf(attempt)
    expect(await commit.commitFailure(attempt, EXHAUSTED)).toBe(false)
    expect(await documentOf(attempt)).toEqual(processed)
  })

  test('loses against a success in between', async () => {
    const attempt = newAttempt()
    beforeWrite(1, () => succeed(attempt))
    expect(await commit.commitFailure(attempt, EXHAUSTED)).toBe(false)
    expect((await documentOf(attempt)).status).toBe('processed')
  })

  test.each([1, 2])(
    'that follows a failure loses against a success before its write number %i',
    async (nth) => {
      const attempt = newAttempt()
      await commit.commitFailure(attempt, EXHAUSTED)
      beforeWrite(nth, () => succeed(attempt))
      expect(await commit.commitFailure(attempt, EXHAUSTED)).toBe(false)
      expect((await documentOf(attempt)).status).toBe('processed')
    },
  )
})

describe('a success', () => {
  test('is final: a concurrent second one does not change the first', async () => {
    const attempt = newAttempt()
    beforeWrite(1, () => succeed({ ...attempt, receiveCount: 7 }))
    await succeed(attempt)
    expect(await documentOf(attempt)).toMatchObject({ status: 'processed', receive_count: 7 })
  })

  test('wins against a failure in between', async () => {
    const attempt = newAttempt()
    await commit.commitFailure(attempt, EXHAUSTED)
    beforeWrite(2, () => commit.commitFailure(attempt, CORRUPT))
    await succeed(attempt)
    expect((await documentOf(attempt)).status).toBe('processed')
  })

  test('wins if the failure that it replaces is deleted meanwhile', async () => {
    const attempt = newAttempt()
    await commit.commitFailure(attempt, EXHAUSTED)
    const { metadataKey } = await import('@darkroom/core')
    beforeWrite(2, () => resources.remove(metadataKey(attempt.message.data)))
    await succeed(attempt)
    expect((await documentOf(attempt)).status).toBe('processed')
  })
})

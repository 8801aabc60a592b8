import { CreateQueueCommand, PurgeQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { ImageRefused, ProblemError, type ProblemSlug } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createRefusalReporter, outcomesQueueOf } from './report-refusals.ts'

const aws = await startLocalAws()
Object.assign(process.env, awsEnvironment(aws.endpoint))
const sqs = new SQSClient({ maxAttempts: 1 })
const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'outcomes' }))
afterAll(async () => {
  sqs.destroy()
  await aws.stop()
})

let now = Date.UTC(2026, 10, 23, 10)
beforeEach(() => {
  jest.spyOn(Date, 'now').mockImplementation(() => now)
  // On a busy machine a request can take longer than a function would wait.
  jest.spyOn(AbortSignal, 'timeout').mockReturnValue(new AbortController().signal)
})
afterEach(() => {
  jest.restoreAllMocks()
})

/** A function's instance that has just started. */
function start(queueUrl = QueueUrl) {
  const dropped: number[] = []
  const onDropped = (refusals: number) => void dropped.push(refusals)
  const source = '/darkroom/upload-api'
  const reporter = createRefusalReporter({ sqs, queueUrl, source, origin: 'http', onDropped })
  const refuse = (slug: ProblemSlug, bytes?: number, declaredType?: string) =>
    reporter.report({
      app: 'web-app-1',
      problem: new ProblemError(slug, '', { content: { bytes, declaredType } }),
    })
  return { ...reporter, refuse, dropped }
}

async function taken(): Promise<ImageRefused['data'][]> {
  const events: ImageRefused['data'][] = []
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
    if (Messages.length === 0) break
    events.push(...Messages.map(({ Body = '' }) => ImageRefused.parse(JSON.parse(Body)).data))
  }
  await sqs.send(new PurgeQueueCommand({ QueueUrl }))
  return events
}

test('the outcomes queue is named after the image queue', () => {
  expect(outcomesQueueOf('https://sqs/1/darkroom-prod-images')).toBe('https://sqs/1/darkroom-prod-outcomes')
})

test('a million refusals cost an instance a request every ten seconds, and are all counted', async () => {
  const { refuse, dropped } = start()
  const refused = 12_000
  const sends = jest.spyOn(sqs, 'send')
  for (let n = 0; n < refused; n++) {
    now += 5
    await refuse('corrupt-image', 1000)
  }
  const requests = sends.mock.calls.length
  sends.mockRestore()
  // A burst of five, and one after each ten seconds of this minute.
  expect(requests).toBe(10)
  now += 10_000
  await refuse('corrupt-image')
  const events = await taken()
  expect(events.reduce((sum, { refusals }) => sum + refusals, 0)).toBe(refused + 1)
  expect(events.reduce((sum, { bytes = 0 }) => sum + bytes, 0)).toBe(refused * 1000)
  expect(dropped).toEqual([])
})

test('kinds of refusals beyond ten are dropped while they wait, and the number is reported', async () => {
  const { refuse, dropped, sendDue } = start()
  for (let n = 0; n < 5; n++) await refuse('empty-body')
  for (let n = 0; n < 12; n++) await refuse('type-mismatch', 1, `image/x-${n}`)
  await refuse('type-mismatch', 1, 'image/x-0')
  expect(dropped).toEqual([1, 1])
  now += 10_000
  await sendDue()
  const events = (await taken()).filter(({ refusal_type }) => refusal_type === 'type-mismatch')
  expect(events.map(({ refusals }) => refusals).toSorted()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 2])
})

test('without the queue refusals are dropped, and the next ones are not delayed', async () => {
  const { refuse, dropped } = start(`${QueueUrl}-missing`)
  const sends = jest.spyOn(sqs, 'send')
  for (let n = 0; n < 20; n++) await refuse('empty-body')
  expect(sends).toHaveBeenCalledTimes(1)
  sends.mockRestore()
  expect(dropped).toEqual([1])
})

test('an instance whose clock is set back goes on', async () => {
  const { refuse } = start()
  await refuse('empty-body')
  now -= 3_600_000
  for (let n = 0; n < 5; n++) await refuse('empty-body')
  expect(await taken()).toHaveLength(6)
})

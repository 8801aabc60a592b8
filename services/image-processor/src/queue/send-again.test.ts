import { ChangeMessageVisibilityCommand, type ChangeMessageVisibilityCommandInput } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { acceptedMessage, type Resources, startResources } from '../../test/start-resources.ts'

let resources: Resources
let retryLater: typeof import('./send-again.ts').retryLater
let sendAgain: typeof import('./send-again.ts').sendAgain
const delays: (number | undefined)[] = []
beforeAll(async () => {
  resources = await startResources()
  const queue = await import('./send-again.ts')
  retryLater = queue.retryLater
  sendAgain = queue.sendAgain
  const { sqs } = await import('../clients.ts')
  sqs.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === ChangeMessageVisibilityCommand.name) {
          delays.push((args.input as ChangeMessageVisibilityCommandInput).VisibilityTimeout)
        }
        return next(args)
      },
    { step: 'initialize' },
  )
})
afterAll(() => resources.stop())

test('triples the delay each time, up to 15 minutes', async () => {
  await resources.send(resources.queueUrl, 'retried')
  const { Records } = await resources.receiveEvent(resources.queueUrl)
  for (let count = 1; count <= 7; count++) await retryLater(String(Records[0]?.receiptHandle), count)
  expect(delays).toEqual([5, 15, 45, 135, 405, 900, 900])
})

test("keeps the queue's visibility timeout if SQS refuses", async () => {
  await expect(retryLater('no receipt handle', 1)).resolves.toBeUndefined()
})

test('a message that is sent again is in the group of its app', async () => {
  const message = acceptedMessage(new Uint8Array([1]))
  await sendAgain(JSON.stringify(message), { receives: 3 }, 0)
  const { Records } = await resources.receiveEvent(resources.queueUrl)
  const sent = Records.find(({ body }) => JSON.parse(body).receives === 3)
  expect(sent?.attributes).toMatchObject({ MessageGroupId: message.data.app })
})

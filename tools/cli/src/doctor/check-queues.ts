import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { type Finding, ok, warning } from './findings.ts'

/** @param urlOf the address of a queue, by the end of its name: `images`, `images-parked`, `outcomes` … */
export async function checkQueues(
  sqs: SQSClient,
  urlOf: (end: string) => Promise<string>,
): Promise<Finding[]> {
  const messagesIn = counterOf(sqs, urlOf)
  const [waiting, dead, parked, unannounced] = await Promise.all(
    ['images', 'images-dead-letters', 'images-parked', 'outcomes-dead-letters'].map(messagesIn),
  )
  const findings = [ok(`${waiting} images wait, ${dead} dead letters`)]
  if (parked) findings.push(warning(`${parked} messages are parked.`, 'Look at them: pnpm darkroom dlq list'))
  if (unannounced) {
    const advice = 'docs/operations.md, "UnannouncedOutcomesAlarm".'
    findings.push(warning(`${unannounced} outcomes were not published.`, advice))
  }
  return findings
}

/** The queues of analytics-catalog that no function empties. */
export async function checkCatalogueQueues(
  sqs: SQSClient,
  urlOf: (end: string) => Promise<string>,
): Promise<Finding[]> {
  const messagesIn = counterOf(sqs, urlOf)
  const uncollected = await messagesIn('collect-dead-letters')
  const notCalled = await messagesIn('merge-dead-letters')
  return [
    ...(uncollected
      ? [
          warning(
            `${uncollected} events were not collected.`,
            'docs/operations.md, "UncollectedEventsAlarm".',
          ),
        ]
      : []),
    ...(notCalled
      ? [
          warning(
            `${notCalled} scheduled statements were not given to Athena.`,
            'docs/operations.md, "MissedStatementsAlarm".',
          ),
        ]
      : []),
  ]
}

/** Counts the messages of a queue. */
const counterOf = (sqs: SQSClient, urlOf: (end: string) => Promise<string>) => async (end: string) => {
  const AttributeNames = ['ApproximateNumberOfMessages' as const]
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: await urlOf(end), AttributeNames }),
  )
  return Number(Attributes?.ApproximateNumberOfMessages)
}

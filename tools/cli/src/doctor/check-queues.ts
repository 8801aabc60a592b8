import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { type Finding, ok, warning } from './findings.ts'

/** @param urlOf the address of the image queue, `''`, and of those whose names begin with its name */
export async function checkQueues(
  sqs: SQSClient,
  urlOf: (end: string) => Promise<string>,
): Promise<Finding[]> {
  const messagesIn = async (end: string) => {
    const AttributeNames = ['ApproximateNumberOfMessages' as const]
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: await urlOf(end), AttributeNames }),
    )
    return Number(Attributes?.ApproximateNumberOfMessages)
  }
  const [waiting, dead, parked] = await Promise.all(['', '-dead-letters', '-parked'].map(messagesIn))
  const findings = [ok(`${waiting} images wait, ${dead} dead letters`)]
  if (!parked) return findings
  return [...findings, warning(`${parked} messages are parked.`, 'Look at them: pnpm darkroom dlq list')]
}

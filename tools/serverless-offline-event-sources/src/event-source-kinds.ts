import type { OpenEventSource } from './event-source.ts'
import { openKafkaSource, openMskSource } from './kafka/open-kafka-source.ts'
import { openSqsSource } from './sqs/open-sqs-source.ts'

/** Every kind of event source that runs locally; HTTP, schedules and the like are serverless-offline's. */
export const eventSourceKinds: Record<string, OpenEventSource> = {
  kafka: openKafkaSource,
  msk: openMskSource,
  sqs: openSqsSource,
}

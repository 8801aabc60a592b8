import { APPS } from './apps.ts'
import type { Endpoints } from './endpoints.ts'
import type { Ports } from './ports.ts'

/** @param aws URL of S3 and SQS, by default the stack's own. @param kafkaBrokers likewise */
export function endpointsFor(
  ports: Ports,
  aws = `http://127.0.0.1:${ports.aws}`,
  kafkaBrokers = process.env.KAFKA_BROKERS ?? `127.0.0.1:${ports.kafka}`,
): Endpoints {
  const queueUrl = `${aws}/000000000000/darkroom-local-images`
  return {
    uploadApi: `http://127.0.0.1:${ports.uploadApi}`,
    webApp1: `http://127.0.0.1:${ports.webApp1}`,
    webApp2: `http://127.0.0.1:${ports.webApp2}`,
    dashboard: `http://127.0.0.1:${ports.dashboard}`,
    aws,
    bucket: 'darkroom-local',
    queueUrl,
    deadLetterQueueUrl: `${queueUrl}-dead-letters`,
    parkedQueueUrl: `${queueUrl}-parked`,
    kafkaBrokers,
    apps: APPS,
  }
}

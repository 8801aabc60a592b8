import {
  BACKGROUND_GIGABYTE_SECONDS,
  COLLECTED_SQS_REQUESTS,
  COMPARED_LISTINGS,
  COUNTED,
  WAITING_READS,
} from '../cost/counted.ts'
import { PRICES } from '../cost/prices.ts'
import type { Outcome } from './flow.ts'

/** What a table says of a case. Times are from acceptance until ready. */
export const COLUMNS = ['accepted', 'gave up', 'p50', 'p95', 'longest', '$/million']

export function figuresOf(outcome: Outcome): string[] {
  const { accepted, gaveUp, secondsToReady: sorted } = outcome
  const at = (share: number) =>
    seconds(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  const counts = [accepted, gaveUp].map((count) => count.toLocaleString('en'))
  return [...counts, at(0.5), at(0.95), at(1), priceOf(outcome).toFixed(0)]
}

export function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} s`
  if (value < 180) return `${Math.round(value)} s`
  return value < 7200 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`
}

/** Gigabytes of the functions' memory: the services' serverless.yml. */
const MEMORY = { uploadImage: 1, getImage: 0.25, processImages: 1769 / 1024 }

/** Besides what a scenario changes: uploads, requests for statuses, processing, and reads while a client waits. */
const { HTTP } = COUNTED
const FOR_EACH_IMAGE = {
  /** Each request is two: the function and the authorizer. */
  invocations: HTTP.invocation - 2 * HTTP.gatewayRequest,
  s3Writes: HTTP.s3Write + COMPARED_LISTINGS,
  s3Reads: HTTP.s3Read - WAITING_READS,
  sqsRequests: HTTP.sqsRequest + COLLECTED_SQS_REQUESTS,
}

/** @returns US dollars for a million images, without storage, Athena and the alarms */
function priceOf(outcome: Outcome): number {
  const { accepted, requests, uploadSeconds, statusSeconds, processSeconds, documentReads } = outcome
  const gigabyteSeconds =
    uploadSeconds * MEMORY.uploadImage +
    statusSeconds * MEMORY.getImage +
    processSeconds * MEMORY.processImages +
    accepted * BACKGROUND_GIGABYTE_SECONDS
  const invocations = 2 * requests + accepted * FOR_EACH_IMAGE.invocations
  const dollars =
    requests * PRICES.gatewayRequest +
    invocations * PRICES.invocation +
    gigabyteSeconds * PRICES.gigabyteSecond +
    accepted * FOR_EACH_IMAGE.s3Writes * PRICES.s3Write +
    (accepted * FOR_EACH_IMAGE.s3Reads + documentReads) * PRICES.s3Read +
    accepted * FOR_EACH_IMAGE.sqsRequests * PRICES.sqsRequest +
    accepted * HTTP.snsRequest * PRICES.snsRequest +
    accepted * HTTP.logGigabyte * PRICES.logGigabyte
  return (dollars / accepted) * 1e6
}

import type { AccountLimit } from '@aws-sdk/client-lambda'
import { type Finding, ok, warning } from './findings.ts'

/** Concurrency that Lambda keeps for functions without a reservation. */
const UNRESERVED_MINIMUM = 100
/** A smaller account needs its concurrency for processing. */
const MIN_TO_RESERVE = 500

/**
 * Whether images that are processed leave room for uploads, and requests that wait for both.
 *
 * @param consumers executions of processImages at once
 */
export function checkConcurrency(
  { ConcurrentExecutions = 0, UnreservedConcurrentExecutions = 0 }: AccountLimit,
  consumers: number,
): Finding[] {
  const findings: Finding[] = []
  if (consumers + UNRESERVED_MINIMUM <= UnreservedConcurrentExecutions) {
    findings.push(ok(`concurrency: ${consumers} of the account's ${ConcurrentExecutions} for processing`))
  } else {
    findings.push(
      warning(
        `The account runs ${UnreservedConcurrentExecutions} functions at once, and processing may take ${consumers} of them: uploads get 503 while it does.`,
        'Request a higher quota "Concurrent executions", or lower maximumConcurrency.',
      ),
    )
  }
  if (ConcurrentExecutions >= MIN_TO_RESERVE && UnreservedConcurrentExecutions === ConcurrentExecutions) {
    const advice = 'Set statusConcurrency of upload-api, for example to 200: docs/scale.md.'
    findings.push(warning('Requests that wait can use all of the concurrency of the account.', advice))
  }
  return findings
}

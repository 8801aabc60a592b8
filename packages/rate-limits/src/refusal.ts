import { type AppId, ProblemError } from '@darkroom/core'
import { DAY_MS } from './policies.ts'
import { amountOf, describeRate, type Exceeded, secondsOf, tryAgainIn } from './rate-limit-headers.ts'

/** 429, with what the app may send and when to try again. */
export function refusalOf(app: AppId, exceeded: Exceeded, headers: Record<string, string>): ProblemError {
  const { policy, waitMs } = exceeded
  const options = { headers: { ...headers, 'retry-after': String(secondsOf(waitMs)) } }
  if (policy.windowMs !== DAY_MS)
    return new ProblemError('rate-limited', describeRate(app, exceeded), options)
  const detail = `The app ${app} has used its ${amountOf(policy.limit, policy.unit)} of today (UTC). ${tryAgainIn(waitMs)}`
  return new ProblemError('quota-exceeded', detail, options)
}

/** 429 for an app that sends more than its item can count. */
export function tooManyToCount(app: AppId): ProblemError {
  const detail = `The app ${app} sends more images a second than can be counted. Try again in 1 second.`
  return new ProblemError('rate-limited', detail, { headers: { 'retry-after': '1' } })
}

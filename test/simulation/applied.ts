import type { AppId, ImageRef } from '@darkroom/core'
import type { Subject } from './actors.ts'
import type { Ledger } from './oracle.ts'
import { LIMITS_MS } from './settings.ts'
import type { World } from './world.ts'

interface NamedVersion {
  name: string
  version: number
}

/** The preset that an operator applied to an app. */
export interface Applied {
  app: AppId
  at: number
  preset: NamedVersion
}

/** The preset that the document of an image names. */
export interface Developed extends ImageRef {
  at: number
  preset: NamedVersion
}

/** Settings are used for a minute, an invocation takes a minute, and its last request may arrive 25 s after it has ended. */
const LATEST_MS = 60_000 + LIMITS_MS.processImages + 25_000
/** After a failed read, what was known before is used for so long. */
const RETRY_MS = 10_000
/** Times of objects are whole seconds. */
const ROUNDED_MS = 1_000

/**
 * A preset that is applied is effective within a minute: later images are developed with it, unless settings cannot be read. Images
 * whose development an operator asked for have the preset of that request.
 */
export function* lateSettings(
  { history, failedReads }: World,
  subjects: Subject[],
  { applied, developed }: Ledger,
): Generator<string> {
  if (applied.length === 0) return
  const asked = history.actions.flatMap((action) =>
    action.do === 'redevelop' ? [subjects[action.picture]] : [],
  )
  for (const { app, imageId, at, preset } of developed) {
    const from = at - LATEST_MS - ROUNDED_MS
    const isUnread = failedReads.some((time) => from - RETRY_MS <= time && time <= at + ROUNDED_MS)
    if (isUnread || asked.some((subject) => subject && idsOf(subject).includes(imageId))) continue
    const own = applied.filter((one) => one.app === app && one.at <= at)
    const before = own.findLast((one) => one.at < from)
    const usable = [...(before ? [before] : []), ...own.filter((one) => one.at >= from)]
    const isUsable = usable.some(
      ({ preset: { name, version } }) => name === preset.name && version === preset.version,
    )
    // Until something is applied, the preset that was deployed is used.
    const isDeployed = !before && preset.name === 'default'
    if (!isUsable && !isDeployed)
      yield `${imageId} has the preset ${preset.name}, minutes after another one was applied`
  }
}

const idsOf = ({ accepted, chosenId }: Subject) => [...accepted, chosenId]

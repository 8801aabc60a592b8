import type { StoredObject } from '@darkroom/bucket'
import type { Place } from '@darkroom/core'
import type { AuditContext, Unit } from './audit-context.ts'
import type { Breach } from './breaches.ts'
import { checkImage } from './check-image.ts'
import {
  checkCollected,
  checkCredential,
  checkEvent,
  checkHash,
  checkLoose,
  checkReconciled,
  checkRejected,
  checkSettings,
  strangers,
  unitsOf,
} from './check-others.ts'
import { checkLink } from './check-receipts.ts'
import { checkNext, remembered } from './check-statuses.ts'
import { type GatheredImage, gatherImages } from './join-images.ts'
import { pathOf, type SeenImage } from './statuses.ts'
import { undeliveredUnits } from './undelivered.ts'

/** How the objects of a place are checked. */
type Rule = 'with its image' | ((context: AuditContext, object: StoredObject) => Promise<Breach[]>)

/** Every place of keys.ts has a rule. Without one, this does not compile. */
export const RULES: Record<Place, Rule> = {
  input: 'with its image',
  processed: 'with its image',
  metadata: 'with its image',
  claims: 'with its image',
  uploads: 'with its image',
  held: 'with its image',
  erasing: 'with its image',
  linked: 'with its image',
  hashes: checkHash,
  events: checkEvent,
  rejected: checkRejected,
  receipts: checkLink,
  credentials: checkCredential,
  settings: checkSettings,
  reconciled: checkReconciled,
  collected: checkCollected,
}

/** A part of the audit that can be continued where it stopped. */
export interface Section {
  name: string
  units(context: AuditContext, after: string | undefined): AsyncGenerator<Unit>
}

/** In the order in which they run. */
export const SECTIONS: Section[] = [
  { name: 'images', units: imageUnits },
  ...(Object.entries(RULES) as [Place, Rule][]).flatMap(([place, rule]): Section[] =>
    rule === 'with its image'
      ? []
      : [
          {
            name: place,
            units: (context, after) => unitsOf(context, place, after, (object) => rule(context, object)),
          },
        ],
  ),
  { name: 'other keys', units: strangers },
  { name: 'undelivered records', units: undeliveredUnits },
]

async function* imageUnits(context: AuditContext, after: string | undefined): AsyncGenerator<Unit> {
  const earlier = context.statuses?.earlier(after)
  let before = (await earlier?.next())?.value
  for await (const found of gatherImages(context.bucket, after)) {
    if ('loose' in found) {
      yield { objects: 1, check: () => checkLoose(context, found.loose) }
      continue
    }
    const path = pathOf(found.image)
    for (; before && pathOf(before.image) < path; before = (await earlier?.next())?.value)
      yield vanishedUnit(context, before)
    const isSame = before && pathOf(before.image) === path
    yield imageUnit(context, found, isSame ? before : undefined)
    if (isSame) before = (await earlier?.next())?.value
  }
  for (; before; before = (await earlier?.next())?.value) yield vanishedUnit(context, before)
}

function imageUnit(context: AuditContext, found: GatheredImage, before: SeenImage | undefined): Unit {
  let seen: SeenImage[] = []
  return {
    position: pathOf(found.image),
    objects: Object.values(found.objects).flat().length + found.parts.length,
    check: async () => {
      const { breaches, status } = await checkImage(context, found)
      const regressions = before ? await checkNext(context, before, status) : []
      seen = remembered(found.image, before, regressions.length > 0 ? 'unknown' : status)
      return [...breaches, ...regressions]
    },
    seen: () => seen,
  }
}

/** An image of the last audit under whose keys nothing is stored now. */
function vanishedUnit(context: AuditContext, before: SeenImage): Unit {
  let seen: SeenImage[] = []
  return {
    position: pathOf(before.image),
    objects: 0,
    check: async () => {
      const regressions = await checkNext(context, before, 'none')
      if (regressions.length > 0) seen = [before]
      return regressions
    },
    seen: () => seen,
  }
}

import type { Scene } from './charts/chart.ts'
import { totalCost } from './charts/cost.ts'
import { bytes, count, dollars, images, percent, seconds, sourceName } from './format.ts'
import { percentile, sum, sumsBy } from './sums.ts'

/** The key numbers, styled as a strip of film. */
export function Headline({ scene }: { scene: Scene }) {
  return (
    <section class="strip" aria-label="Headline numbers">
      <dl>
        {numbersOf(scene).map(({ name, value, more }) => (
          <div key={name}>
            <dt class="edge">{name}</dt>
            <dd class="value">{value}</dd>
            <dd>{more}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

/** With an attribute, only what is counted by attribute. */
function numbersOf({ views, selection }: Scene) {
  const rows = views.images_by_hour
  const total = sum(rows, (row) => row.images)
  const failed = sum(rows, ({ status, images }) => (status === 'failed' ? images : 0))
  const developed = rows.filter(({ status }) => status === 'processed')
  const originals = sum(developed, (row) => row.original_bytes)
  const variants = sum(developed, (row) => row.variants_bytes)
  const sources = sumsBy(
    rows,
    ({ origin }) => sourceName(origin),
    (row) => row.images,
  )
  const within = (share: number) => {
    const milliseconds = percentile(views.time_to_ready_histogram, share)
    return milliseconds === undefined ? '–' : seconds(milliseconds)
  }
  const alike = sum(views.near_duplicates_by_day, (row) => row.images)
  const cost = totalCost(views.estimated_cost)
  const byAttribute = [
    {
      name: 'Images',
      value: count(total),
      more: sources.map(([source, n]) => `${count(n)} ${source}`).join(', '),
    },
    { name: 'Failed', value: percent(failed, total), more: images(failed) },
    {
      name: 'Bytes saved',
      value: percent(originals - variants, originals),
      more: `${bytes(originals)} → ${bytes(variants)}`,
    },
  ]
  if (selection.attribute) return byAttribute
  return [
    ...byAttribute.slice(0, 2),
    { name: '95 % ready within', value: within(0.95), more: `half within ${within(0.5)}` },
    ...byAttribute.slice(2),
    {
      name: 'Near duplicates',
      value: percent(
        alike,
        sum(developed, (row) => row.images),
      ),
      more: images(alike),
    },
    { name: 'Cost per 1,000', value: dollars(cost.perThousand), more: `${dollars(cost.total)} total` },
  ]
}

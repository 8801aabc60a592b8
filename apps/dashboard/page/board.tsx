import { useMemo } from 'preact/hooks'
import { bytesSaved } from './charts/bytes-saved.ts'
import { cost } from './charts/cost.ts'
import { failures } from './charts/failures.ts'
import { formats } from './charts/formats.ts'
import { funnel } from './charts/funnel.ts'
import { imagesOverTime } from './charts/images-over-time.ts'
import { lookAlikes } from './charts/look-alikes.ts'
import { timeToReady } from './charts/time-to-ready.ts'
import { Filters } from './filters.tsx'
import { attributeLabel } from './format.ts'
import type { Reading, Views } from './get-figures.ts'
import { Headline } from './headline.tsx'
import { RankingFigure } from './ranking-figure.tsx'
import { lastDays, type Selection, select, todayOf } from './selection.ts'
import { TimeChartFigure } from './time-chart-figure.tsx'

interface BoardProps {
  reading: Reading
  selection: Selection
  /** Why the last refresh failed, or empty. */
  error: string
  onSelect(selection: Selection): void
}

export function Board({ reading, selection, error, onSelect }: BoardProps) {
  const { madeAt, since } = reading
  const all = { app: '', ...lastDays(30, todayOf(reading)), from: since }
  return (
    <>
      {error && <p class="notice">{`The data could not be refreshed. ${error}`}</p>}
      {isEmpty(reading.views) ? (
        <NoImages reading={reading} />
      ) : (
        <>
          <Filters reading={reading} selection={selection} onSelect={onSelect} />
          <Charts reading={reading} selection={selection} onShowAll={() => onSelect(all)} />
        </>
      )}
      <footer>
        <p>
          Data as of <time dateTime={madeAt}>{madeAt.slice(0, 19).replace('T', ' ')}</time> UTC. Days and
          hours are in UTC. An image counts on the day it was accepted. Erased images are only in “From
          attempt to image”, and refused ones, for 90 days.
        </p>
      </footer>
    </>
  )
}

/** Neither an image nor an attempt. */
const isEmpty = (views: Views) => views.images_by_hour.length === 0 && views.funnel.length === 0

interface ChartsProps extends Pick<BoardProps, 'reading' | 'selection'> {
  onShowAll(): void
}

function Charts({ reading, selection, onShowAll }: ChartsProps) {
  const scene = useMemo(
    () => ({ views: select(reading, selection), selection, now: reading.madeAt }),
    [reading, selection],
  )
  if (scene.views.images_by_hour.length === 0) {
    return (
      <>
        <div class="nothing">
          <p>{`No images ${describe(selection)}on these days.`}</p>
          <button type="button" onClick={onShowAll}>
            Show all apps and days
          </button>
        </div>
        {scene.views.funnel.length > 0 && (
          <div class="charts">
            <RankingFigure ranking={funnel(scene)} />
          </div>
        )}
      </>
    )
  }
  const isByAttribute = selection.attribute !== undefined
  return (
    <>
      <Headline scene={scene} />
      <div class="charts">
        <TimeChartFigure chart={imagesOverTime(scene)} />
        {!isByAttribute && <TimeChartFigure chart={timeToReady(scene)} />}
        <RankingFigure ranking={failures(scene)} />
        <RankingFigure ranking={formats(scene)} />
        <RankingFigure ranking={bytesSaved(scene)} />
        {!isByAttribute && (
          <>
            <TimeChartFigure chart={lookAlikes(scene)} />
            <TimeChartFigure chart={cost(scene)} />
            <RankingFigure ranking={funnel(scene)} />
          </>
        )}
      </div>
      {isByAttribute && (
        <p class="left-out">
          Time to ready, near duplicates, cost and refusals are not counted by attribute.
        </p>
      )}
    </>
  )
}

/** `from shop with rating: 5 ` */
function describe({ app, attribute }: Selection): string {
  return `${app ? `from ${app} ` : ''}${attribute ? `with ${attributeLabel(attribute)} ` : ''}`
}

function NoImages({ reading: { uploadPages } }: { reading: Reading }) {
  return (
    <div class="nothing">
      <h2>No images yet</h2>
      {uploadPages.length > 0 ? (
        <p>
          Upload your first picture with{' '}
          {uploadPages.map(({ name, url }, n) => (
            <>
              {n > 0 && ' or '}
              <a href={url}>{name}</a>
            </>
          ))}
          . It appears here within seconds.
        </p>
      ) : (
        <p>Upload some images and write the data again. This page reloads it automatically.</p>
      )}
    </div>
  )
}

import { useMemo } from 'preact/hooks'
import { bytesSaved } from './charts/bytes-saved.ts'
import { cost } from './charts/cost.ts'
import { failures } from './charts/failures.ts'
import { formats } from './charts/formats.ts'
import { imagesOverTime } from './charts/images-over-time.ts'
import { lookAlikes } from './charts/look-alikes.ts'
import { timeToReady } from './charts/time-to-ready.ts'
import { Filters } from './filters.tsx'
import type { Reading } from './get-figures.ts'
import { Headline } from './headline.tsx'
import { RankingFigure } from './ranking-figure.tsx'
import { lastDays, type Selection, select, todayOf } from './selection.ts'
import { TimeChartFigure } from './time-chart-figure.tsx'

interface BoardProps {
  reading: Reading
  selection: Selection
  /** Why these figures are not the newest, or empty. */
  trouble: string
  onSelect(selection: Selection): void
}

export function Board({ reading, selection, trouble, onSelect }: BoardProps) {
  const { madeAt, since } = reading
  const all = { app: '', ...lastDays(30, todayOf(reading)), from: since }
  return (
    <>
      {trouble && <p class="notice">{`Newer figures cannot be read. ${trouble}`}</p>}
      {reading.views.images_by_hour.length === 0 ? (
        <Nothing reading={reading} />
      ) : (
        <>
          <Filters reading={reading} selection={selection} onSelect={onSelect} />
          <Charts reading={reading} selection={selection} onShowAll={() => onSelect(all)} />
        </>
      )}
      <footer>
        <p>
          Figures of <time dateTime={madeAt}>{madeAt.slice(0, 19).replace('T', ' ')}</time> UTC. Days and
          hours are UTC as well; an image counts on the day of its acceptance. Erased images are in no figure.
        </p>
      </footer>
    </>
  )
}

interface ChartsProps extends Pick<BoardProps, 'reading' | 'selection'> {
  onShowAll(): void
}

function Charts({ reading, selection, onShowAll }: ChartsProps) {
  const scene = useMemo(
    () => ({ views: select(reading.views, selection), selection, now: reading.madeAt }),
    [reading, selection],
  )
  if (scene.views.images_by_hour.length === 0) {
    return (
      <div class="nothing">
        <p>{`No image ${selection.app ? `of ${selection.app} ` : ''}came in on these days.`}</p>
        <button type="button" onClick={onShowAll}>
          Show all apps and days
        </button>
      </div>
    )
  }
  return (
    <>
      <Headline scene={scene} />
      <div class="charts">
        <TimeChartFigure chart={imagesOverTime(scene)} />
        <TimeChartFigure chart={timeToReady(scene)} />
        <RankingFigure ranking={failures(scene)} />
        <RankingFigure ranking={formats(scene)} />
        <RankingFigure ranking={bytesSaved(scene)} />
        <TimeChartFigure chart={lookAlikes(scene)} />
        <TimeChartFigure chart={cost(scene)} />
      </div>
    </>
  )
}

function Nothing({ reading: { uploadPages } }: { reading: Reading }) {
  return (
    <div class="nothing">
      <h2>Nothing has been developed yet</h2>
      {uploadPages.length > 0 ? (
        <p>
          Upload a first picture with{' '}
          {uploadPages.map(({ name, url }, n) => (
            <>
              {n > 0 && ' or '}
              <a href={url}>{name}</a>
            </>
          ))}
          , and leave this page open: it is here within seconds.
        </p>
      ) : (
        <p>Once images have been uploaded, write the figures anew: this page looks for them by itself.</p>
      )}
    </div>
  )
}

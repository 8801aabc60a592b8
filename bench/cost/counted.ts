/**
 * Units of one image of about 350 KB with the default preset whose client waits until it is ready, as `pnpm bench:cost 20` counted them,
 * which says if they are others now. The view `estimated_cost` and docs/deploy.md have the same.
 */
export const COUNTED = {
  HTTP: {
    gatewayRequest: 2,
    invocation: 7,
    s3Write: 5,
    s3Read: 10,
    sqsRequest: 11.1,
    snsRequest: 1,
    logGigabyte: 4.7e-6,
  },
  Kafka: {
    gatewayRequest: 1,
    invocation: 6,
    s3Write: 6,
    s3Read: 11.5,
    sqsRequest: 11.1,
    snsRequest: 1,
    logGigabyte: 4.4e-6,
  },
} as const

/** Of the reads over HTTP, those of documents while the client waits. */
export const WAITING_READS = 3

/** Of the functions besides processImages. */
export const OTHER_GIGABYTE_SECONDS = { HTTP: 0.15, Kafka: 0.1 } as const
/** Of the authorizer, announceOutcomes and watchImages, which are among them. */
export const BACKGROUND_GIGABYTE_SECONDS = 0.03

/** The topic's delivery to the collector's queue, and its share of receiving and deleting ten at a time. */
export const COLLECTED_SQS_REQUESTS = 1.2

/**
 * Listings of the daily comparisons, a thousand keys each: an image's document on two days and then each 30 days for two years, and twice
 * its original, its document and three variants.
 */
export const COMPARED_LISTINGS = (2 + 728 / 30 + 2 * 5) / 1_000

/** A full batch of collectEvents: 6 MB of events and the file that they become, on a laptop. */
export const COLLECTED_BATCH = { events: 3_848, bytes: 883_000, milliseconds: 500 } as const

/** mergeOutcomes reads each file twice, and those of the last two of its five minutes again. */
export const FILE_READS = 2.8

/**
 * Of a day of analysts' tables. What Iceberg writes was counted at a real Trino; what it reads, seconds and bytes are assumed
 * (decisions/0085-maintenance-of-tables.md).
 */
export const ANALYTICS = {
  /** Minutes, with a file each, if there are images, and merges. */
  WINDOWS: 1_440,
  MERGES: 288,
  PER_MERGE: {
    /** The watermark, the days, and the merge itself. */
    queries: 3,
    /** The listing of files, and nine of Iceberg. */
    s3Write: 10,
    seconds: 10,
    /** Its files and manifests, which a rewrite replaces. */
    maintenanceReads: 15,
    maintenanceWrites: 2.3,
  },
  PER_DAY: {
    /** The watermark, the days, and nine rewrites of look-alikes. */
    queries: 11,
    /** Listings, files, and 14 times how far the maintenance is. */
    s3Write: 30,
    /** How far the maintenance is, once for each merge, and what is read of tables without merges. */
    s3Read: 400,
  },
  /** Of an image in Parquet: what a merge reads to find its row, all of it when its day is rewritten, some twice, and id and hash. */
  BYTES: { key: 60, rewritten: 250, hash: 27.3 },
  /** Searches for look-alikes of a day, and how often they read an image's hash in its two years: hourly, 104 times three times, on three days twice more. */
  SEARCHES: { ofDay: 24, ofImage: 24 * 730 + 3 * 104 + 2 * 3 * 24 },
  /** Athena bills at least this for a query. */
  QUERY_BYTES: 10_000_000,
} as const

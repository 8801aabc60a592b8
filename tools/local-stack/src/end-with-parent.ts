/** Loaded into each service: a parent that is killed closes its channel and cannot stop its services. */
process.once('disconnect', () => process.exit())

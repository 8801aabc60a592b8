/** Import it first: the log level is read when the logger is created, and these programs print their own output. */
process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'

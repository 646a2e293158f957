/* survey/run_note.h: the note of a run, a line of what a reader of its rows must know. */
#ifndef SURVEY_RUN_NOTE_H
#define SURVEY_RUN_NOTE_H

#include "model/run.h"
#include "survey/search.h"

/* Adds text after a semicolon; what has no room is cut. */
void ls_run_note_add(struct ls_run *run, const char *text);

/* What the search of the run has to say: samples that were no numbers, stretches too short to
 * search, lines that were taken for the receiver's own. */
void ls_run_note_search(struct ls_run *run, const struct ls_search_counts *counts);

#endif

"""One module for each part of the evidence. A collector asks its port and answers with a section, whatever happens."""

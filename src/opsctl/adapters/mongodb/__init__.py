"""MongoDB through PyMongo's asynchronous client. Queries stay portable: MongoDB 4.4+, DocumentDB, the stand-ins."""

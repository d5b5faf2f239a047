"""Copy the versions that pass the policy's gates from one repository to another, and no others."""
